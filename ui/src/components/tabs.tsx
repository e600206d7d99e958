import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

export interface TabsProps<Name extends string> {
  readonly label: string
  readonly tabs: readonly (readonly [name: Name, title: ComponentChildren])[]
  readonly chosen: Name
  readonly onChoose: (name: Name) => void
  readonly children: ComponentChildren
}

/** One of several panels; the arrow keys go from tab to tab. */
export function Tabs<Name extends string>({ label, tabs, chosen, onChoose, children }: TabsProps<Name>) {
  const id = useId()
  const at = tabs.findIndex(([name]) => name === chosen)

  function step(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const next = tabs[(at + by + tabs.length) % tabs.length]
    if (next === undefined) return
    onChoose(next[0])
    document.getElementById(`${id}-${next[0]}`)?.focus()
  }

  return (
    <div>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={step}>
        {tabs.map(([name, title]) => (
          <button
            key={name}
            id={`${id}-${name}`}
            type="button"
            role="tab"
            aria-selected={name === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {title}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${chosen}`} class="panel">
        {children}
      </div>
    </div>
  )
}
