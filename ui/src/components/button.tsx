import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { Icon, type IconName } from './icon.tsx'
import { toast } from './toast.tsx'

export interface ButtonProps {
  /** While what it gives back is pending the button waits; what it throws is shown. Absent: the button sends its form. */
  readonly onClick?: () => unknown
  readonly kind?: 'plain' | 'primary' | 'danger' | 'ghost'
  readonly icon?: IconName
  /** What it does, for a button without words. */
  readonly label?: string
  readonly pressed?: boolean
  readonly disabled?: boolean
  readonly small?: boolean
  readonly children?: ComponentChildren
}

export function Button({ onClick, kind = 'plain', icon, label, children, ...rest }: ButtonProps) {
  const busy = useSignal(false)
  const element = useRef<HTMLButtonElement>(null)

  async function press(): Promise<void> {
    if (onClick === undefined || busy.value) return
    busy.value = true
    const around = element.current?.closest('dialog')
    try {
      await onClick()
    } catch (error) {
      toast(messageOf(error), 'bad')
    } finally {
      busy.value = false
      requestAnimationFrame(() => keepFocus(around))
    }
  }

  const names = ['button', kind, rest.small === true ? 'small' : '', children === undefined ? 'bare' : '']
  return (
    <button
      ref={element}
      type={onClick === undefined ? 'submit' : 'button'}
      class={names.join(' ')}
      aria-label={label}
      title={label}
      aria-pressed={rest.pressed}
      aria-busy={busy.value}
      disabled={rest.disabled}
      aria-disabled={busy.value || undefined}
      onClick={onClick === undefined ? undefined : () => void press()}
    >
      {icon === undefined ? null : <Icon name={icon} size={18} />}
      {children}
    </button>
  )
}

/** A button that what it did took away would leave the keyboard at the beginning of the page. */
function keepFocus(around: HTMLElement | null | undefined): void {
  if (document.activeElement !== document.body) return
  const next = around?.isConnected === true ? around : document.getElementById('main')
  next?.focus({ preventScroll: true })
}
