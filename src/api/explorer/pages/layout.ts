import { Html, html } from './html.ts'

export interface PageInit {
  /** What stands before every path of this explorer: `/`, `/prefix/`. */
  readonly base: string
  /** Changes when an asset does. */
  readonly assetVersion: string
  readonly version: string
}

export interface Page {
  readonly title: string
  readonly body: Html
}

const TITLE = 'Network Explorer'

/** A whole document. Scripts and styles are files of this explorer: the pages' policy allows nothing else. */
export function toDocument({ title, body }: Page, { base, assetVersion, version }: PageInit): string {
  const asset = (name: string): string => `${base}static/${name}?v=${assetVersion}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title === TITLE ? TITLE : `${title} · ${TITLE}`}</title>
<link rel="icon" type="image/svg+xml" href="${base}favicon.svg">
<link rel="stylesheet" href="${asset('explorer.css')}">
<script type="module" src="${asset('explorer.mjs')}"></script>
</head>
<body data-base="${base}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${base}">${LOGO}<span>${TITLE}</span></a>
<nav aria-label="Pages"><a href="${base}">Networks</a><a href="${base}status">Status</a></nav>
</header>
<main id="main" tabindex="-1">${body}</main>
<footer>
<p>local-ai ${version} · <a href="${base}networks">JSON</a> · Networks are listed by their own people. Nobody has checked them.</p>
</footer>
</body>
</html>
`.text
}

const LOGO = new Html(
  '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path d="M16 5 5 24h22Z"/><circle cx="16" cy="6" r="4"/><circle cx="6" cy="24" r="4"/><circle cx="26" cy="24" r="4"/></svg>',
)

export function notFoundPage(base: string): Page {
  return {
    title: 'Not found',
    body: html`<h1>Not found</h1>
<p>There is no such page or network. A network that cannot be reached for long is taken off the list.</p>
<p><a class="button" href="${base}">Back to the networks</a></p>`,
  }
}
