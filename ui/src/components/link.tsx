import type { ComponentChildren } from 'preact'
import { hrefOf, navigate } from '../router.ts'

export interface LinkProps {
  /** A path of this node, without the prefix of a proxy. */
  readonly to: string
  readonly class?: string
  readonly label?: string
  readonly current?: boolean
  readonly onFollow?: () => void
  readonly children: ComponentChildren
}

/** A link to another page of this interface; a new tab is the browser's business. */
export function Link({ to, class: name, label, current = false, onFollow, children }: LinkProps) {
  function follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(to)
    onFollow?.()
  }
  return (
    <a
      href={hrefOf(to)}
      class={name}
      aria-label={label}
      title={label}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  )
}
