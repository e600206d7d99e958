import type { DiscoveryStatus } from '../../../explorer/discovery.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'
import { ago } from './words.ts'

export interface ExplorerStatus {
  readonly version: string
  readonly startedAtUnixMs: number
  readonly nowUnixMs: number
  readonly counts: { readonly listed: number; readonly shown: number; readonly failing: number }
  /** Undefined where nobody visits networks. */
  readonly discovery: DiscoveryStatus | undefined
}

export function statusPage(status: ExplorerStatus, base: string): Page {
  return {
    title: 'Status',
    body: html`<h1>Status of this explorer</h1>
<div data-live="${base}fragments/status">${statusFragment(status)}</div>`,
  }
}

/** The part of the page that changes by itself. */
export function statusFragment({ version, startedAtUnixMs, nowUnixMs, counts, discovery }: ExplorerStatus): Html {
  return html`<dl class="figures large">
<div><dt>Networks listed</dt><dd>${counts.listed}</dd></div>
<div><dt>Shown</dt><dd>${counts.shown}</dd></div>
<div><dt>Not found lately</dt><dd>${counts.failing}</dd></div>
</dl>
<h2>Visits</h2>
${
  discovery === undefined
    ? html`<p>This process visits no networks (it runs without <code>--with-sync</code>).</p>`
    : html`<dl class="figures large">
<div><dt>Now</dt><dd>${discovery.visiting}</dd></div>
<div><dt>Good</dt><dd>${discovery.succeeded}</dd></div>
<div><dt>Failed</dt><dd>${discovery.failed}</dd></div>
<div><dt>Taken off</dt><dd>${discovery.takenOff}</dd></div>
</dl>`
}
<p class="seen">local-ai ${version}, started ${ago(startedAtUnixMs, nowUnixMs)}</p>`
}
