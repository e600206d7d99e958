import { useSignal } from '@preact/signals'
import { Component, type ComponentType } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { messageOf, signInWanted } from './api.ts'
import { Link } from './components/link.tsx'
import { Navigation } from './components/navigation.tsx'
import { Empty, Loading, Problem } from './components/parts.tsx'
import { SignIn } from './components/sign-in.tsx'
import { Toasts } from './components/toast.tsx'
import { connection } from './live.ts'
import { PAGES, type PageProps, type PageRow } from './pages.ts'
import { matchPath, type Params, place } from './router.ts'
import { hasUnsaved } from './unsaved.ts'

export function App() {
  const { path, query } = place.value
  const found = findPage(path)
  const title = found?.row.title ?? 'Not found'
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  const { row } = found ?? {}
  // A new page begins at its beginning, also for screen readers.
  useEffect(() => {
    document.title = `${title} · local-ai`
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [row])
  return (
    <div class="app">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Navigation current={row} />
      <main id="main" ref={main} tabIndex={-1}>
        {connection.value === 'lost' && !signInWanted.value ? (
          <Problem tone="warn">
            There is no connection to this node: what is shown may be old. It is tried again.
          </Problem>
        ) : null}
        {signInWanted.value ? <SignIn /> : null}
        <div class="page" hidden={signInWanted.value}>
          {signInWanted.value && !mayWait() ? null : content(found, query)}
        </div>
      </main>
      <Toasts />
    </div>
  )
}

/**
 * A session may end while somebody types: what was typed is there again after the sign-in. Of a page with an open dialog
 * nothing is kept: nobody could sign in beside the dialog.
 */
function mayWait(): boolean {
  return hasUnsaved.value && document.querySelector('dialog[open]') === null
}

function content(found: Found | undefined, query: URLSearchParams) {
  if (found === undefined) {
    return (
      <>
        <h1 class="unseen">Not found</h1>
        <Empty icon="search" title="There is no such page">
          <Link to="/app">To the network</Link>
        </Empty>
      </>
    )
  }
  const { row, params } = found
  return (
    <Guard key={row.path}>
      <LazyPage row={row} params={params} query={query} />
    </Guard>
  )
}

interface Found {
  readonly row: PageRow
  readonly params: Params
}

function findPage(path: string): Found | undefined {
  for (const row of PAGES) {
    for (const pattern of [row.path, ...(row.aliases ?? [])]) {
      const params = matchPath(pattern, path)
      if (params !== undefined) return { row, params }
    }
  }
  return undefined
}

const loaded = new Map<PageRow, ComponentType<PageProps>>()

function LazyPage({ row, ...props }: PageProps & { readonly row: PageRow }) {
  const failed = useSignal<string | undefined>(undefined)
  const round = useSignal(0)
  const Page = loaded.get(row)
  const isLost = connection.value === 'lost'
  useEffect(() => {
    if (loaded.has(row)) return
    failed.value = undefined
    row.load().then(
      (module) => {
        loaded.set(row, module.Page)
        round.value += 1
      },
      (error: unknown) => {
        failed.value = messageOf(error)
      },
    )
  }, [row, isLost, failed, round])
  if (round.value >= 0 && Page !== undefined) return <Page {...props} />
  if (failed.value === undefined) return <Loading what={row.title} />
  if (isLost) return <Problem>This node does not answer. The page comes as soon as it does.</Problem>
  return (
    <Problem>
      This page could not be loaded ({failed.value}). The node may have been updated: <a href={location.href}>reload</a>
      .
    </Problem>
  )
}

/** A fault in one page leaves the others usable. */
class Guard extends Component<object, { readonly failed?: string }> {
  static override getDerivedStateFromError(error: unknown): { readonly failed: string } {
    return { failed: messageOf(error) }
  }

  override render() {
    const { failed } = this.state
    if (failed === undefined) return this.props.children
    return <Problem>This page has failed: {failed}</Problem>
  }
}
