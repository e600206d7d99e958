import createPurifier from 'dompurify'
import { Marked } from 'marked'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { copyText } from './components/copy-button.tsx'

/** No classes and no ids: a text could look like a part of this page. No pictures: they would be fetched from anywhere. */
const ALLOWED_TAGS = [
  ...['p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'hr', 'a'],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
]
const ALLOWED_ATTR = ['href', 'title', 'start', 'align']
const ALLOWED_URI_REGEXP = /^(?:https?|mailto):/i

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // What a model writes as HTML is shown as it was written.
    html: ({ text }) => escapeHtml(text),
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text === '' ? href : text)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

/** Text that others wrote, with its Markdown; nothing in it can do anything. */
export function Markdown({ text }: { readonly text: string }) {
  const element = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    element.current?.replaceChildren(toFragment(text))
  }, [text])
  return <div class="markdown" ref={element} />
}

const purifier = createPurifier(window)

function toFragment(text: string): DocumentFragment {
  const html = marked.parse(text, { async: false })
  const options = { ALLOWED_TAGS, ALLOWED_ATTR, ALLOWED_URI_REGEXP, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false }
  const fragment = purifier.sanitize(html, { ...options, RETURN_DOM_FRAGMENT: true })
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank'
    link.rel = 'noopener noreferrer nofollow'
  }
  for (const block of fragment.querySelectorAll('pre')) {
    // What scrolls has to be reached with the keyboard.
    block.tabIndex = 0
    addCopyButton(block)
  }
  return fragment
}

const DONE_MS = 2000

function addCopyButton(block: HTMLPreElement): void {
  const frame = document.createElement('div')
  frame.className = 'code-block'
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button small'
  button.textContent = 'Copy'
  button.addEventListener('click', () => {
    copyText(block.textContent ?? '').then(
      () => tell('Copied'),
      () => tell('Not copied'),
    )
  })
  function tell(word: string): void {
    button.textContent = word
    setTimeout(() => {
      button.textContent = 'Copy'
    }, DONE_MS)
  }
  block.replaceWith(frame)
  frame.append(block, button)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
