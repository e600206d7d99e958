import { signal } from '@preact/signals'
import { Icon } from './icon.tsx'

type Kind = 'good' | 'bad' | 'plain'

interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: Kind
}

const SHOWN_MS = 6000
const MOST = 4
const toasts = signal<readonly Toast[]>([])
let nextId = 1

/** Says something for a few seconds, also to those who do not see it. */
export function toast(text: string, kind: Kind = 'plain'): void {
  const id = nextId
  nextId += 1
  toasts.value = [...toasts.value, { id, text, kind }].slice(-MOST)
  setTimeout(() => dismiss(id), kind === 'bad' ? SHOWN_MS * 2 : SHOWN_MS)
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind }) => (
        <div key={id} class={`toast ${kind}`}>
          <span>{text}</span>
          <button type="button" class="button ghost small bare" aria-label="Close" onClick={() => dismiss(id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  )
}
