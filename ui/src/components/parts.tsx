import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'

type Tone = 'good' | 'bad' | 'warn' | 'plain' | 'info'

export interface CardProps {
  readonly title?: ComponentChildren
  /** Beside the title. */
  readonly actions?: ComponentChildren
  readonly class?: string
  readonly children: ComponentChildren
}

export function Card({ title, actions, class: name = '', children }: CardProps) {
  return (
    <section class={`card ${name}`}>
      {title === undefined ? null : (
        <header class="card-head">
          <h2>{title}</h2>
          {actions === undefined ? null : <div class="actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  )
}

export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>
}

/** What stands where there is nothing yet: why, and what to do. */
export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}) {
  return (
    <div class="empty">
      <Icon name={icon} size={36} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** Something went wrong, and what to do. */
export function Problem({
  children,
  tone = 'bad',
}: {
  readonly children: ComponentChildren
  readonly tone?: 'bad' | 'warn' | 'info'
}) {
  return (
    <div class={`problem ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={tone === 'info' ? 'info' : 'warning'} size={18} />
      <div>{children}</div>
    </div>
  )
}

export function Loading({ what = 'Loading' }: { readonly what?: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> {what} …
    </p>
  )
}

export interface FieldProps {
  readonly label: string
  readonly hint?: ComponentChildren
  readonly error?: string | undefined
  /** Gives the control its id, and what describes it. */
  readonly children: (control: {
    readonly id: string
    readonly 'aria-describedby': string | undefined
  }) => ComponentChildren
}

/** A label with its control. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const told = error ?? hint
  const noteId = `${id}-note`
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': told === undefined ? undefined : noteId })}
      {told === undefined ? null : (
        <p id={noteId} class={error === undefined ? 'hint' : 'hint bad'}>
          {told}
        </p>
      )}
    </div>
  )
}

/** `share` from 0 to 1; undefined: nobody knows how far it is. */
export function Progress({ share, label }: { readonly share: number | undefined; readonly label: string }) {
  return <progress class="progress" max={1} value={share} aria-label={label} />
}

/** The last values, oldest first; what is not known is a gap. */
export function Sparkline({
  values,
  label,
  width = 120,
  height = 32,
}: {
  readonly values: readonly (number | undefined)[]
  readonly label: string
  readonly width?: number
  readonly height?: number
}) {
  const known = values.filter((value) => value !== undefined)
  const most = Math.max(...known, 1e-9)
  const step = width / Math.max(values.length - 1, 1)
  let line = ''
  values.forEach((value, index) => {
    if (value === undefined) return
    const start = values[index - 1] === undefined
    line += `${start ? 'M' : 'L'}${(index * step).toFixed(1)} ${(height - 2 - (value / most) * (height - 4)).toFixed(1)}`
  })
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    >
      <path d={line} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" />
    </svg>
  )
}
