import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { hasFeature } from '../features.ts'
import { runningOperations } from '../live.ts'
import { PAGES, type PageRow } from '../pages.ts'
import { place } from '../router.ts'
import { session, signOut } from '../session.ts'
import { switchTheme, theme } from '../theme.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'
import { Progress } from './parts.tsx'

const GROUPS = [
  ['network', 'Network'],
  ['use', 'Use'],
  ['node', 'This node'],
] as const

const THEMES = { auto: ['auto', 'System'], light: ['sun', 'Light'], dark: ['moon', 'Dark'] } as const

export function Navigation({ current }: { readonly current: PageRow | undefined }) {
  const open = useSignal(false)
  const menu = useRef<HTMLSpanElement>(null)
  const { path } = place.value
  // Closes when another page is opened.
  useEffect(() => {
    open.value = false
  }, [path])
  useEffect(() => {
    if (!open.value) return
    const close = ({ key }: KeyboardEvent): void => {
      if (key !== 'Escape') return
      open.value = false
      menu.current?.querySelector('button')?.focus()
    }
    document.addEventListener('keydown', close)
    return () => document.removeEventListener('keydown', close)
  }, [open.value])
  const [icon, words] = THEMES[theme.value]
  const { user = null, staticApiKeyRequired = false } = session.value ?? {}
  return (
    <header class={open.value ? 'side open' : 'side'}>
      <div class="brand">
        <Link to="/app" class="brand-name">
          <Mark /> local-ai
        </Link>
        <span class="menu-button" ref={menu}>
          <Button
            kind="ghost"
            icon={open.value ? 'close' : 'menu'}
            label="Menu"
            pressed={open.value}
            onClick={() => {
              open.value = !open.value
            }}
          />
        </span>
      </div>
      <nav aria-label="Pages">
        {GROUPS.map(([group, title]) => {
          const rows = PAGES.filter((row) => row.group === group && (row.needs === undefined || hasFeature(row.needs)))
          if (rows.length === 0) return null
          return (
            <div key={group} class="nav-group">
              <p class="nav-title">{title}</p>
              <ul>
                {rows.map((row) => (
                  <li key={row.path}>
                    <Link to={row.path.replace(/\/:.*$/, '')} class="nav-link" current={row === current}>
                      <Icon name={row.icon} /> {row.title}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          )
        })}
      </nav>
      <UnderWay />
      <div class="side-foot">
        {user === null ? null : <span class="who">{user.name}</span>}
        {user !== null || staticApiKeyRequired ? (
          <Button kind="ghost" small icon="exit" onClick={signOut}>
            Sign out
          </Button>
        ) : null}
        <Button kind="ghost" small icon={icon} onClick={switchTheme}>
          <span class="unseen">Colours: </span>
          {words}
        </Button>
      </div>
    </header>
  )
}

/** Installations and removals are seen on every page. */
function UnderWay() {
  const running = runningOperations.value.filter(({ cancellable }) => cancellable)
  const first = running[0]
  if (first === undefined) return null
  const share = running.reduce((sum, { progress }) => sum + progress, 0) / (100 * running.length)
  const what = first.isDeletion ? 'Removing' : 'Installing'
  return (
    <div class="under-way">
      <Link to={first.isBackend ? '/app/backends' : '/app/models'}>
        {what} {running.length > 1 ? `${running.length} things` : first.name}
      </Link>
      <Progress share={first.isQueued ? undefined : share} label="Installations and removals" />
    </div>
  )
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="mark-field" />
      <path d="M16 9 8.5 21.5M16 9l7.5 12.5M8.5 21.5h15" stroke="#ccfbf1" stroke-width="2" />
      <circle cx="16" cy="8.5" r="3.6" fill="#fff" />
      <circle cx="8.5" cy="22" r="3.6" fill="#fff" />
      <circle cx="23.5" cy="22" r="3.6" fill="#fff" />
    </svg>
  )
}
