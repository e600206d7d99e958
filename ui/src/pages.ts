import type { ComponentType } from 'preact'
import type { IconName } from './components/icon.tsx'
import type { Params } from './router.ts'

// To add a page: write `pages/<name>.tsx` with `export function Page({ params, query }: PageProps)`, add a row here, and
// put its styles, if it needs any, into `styles/<name>.css`, which `styles/all.css` imports. A page is loaded when somebody
// opens it; it asks this node through `api.ts` and hears of changes through `live.ts`.

export interface PageProps {
  /** The `:names` of the row's path. */
  readonly params: Params
  readonly query: URLSearchParams
}

export interface PageRow {
  /** `/app/chat/:model?`, without the prefix of a proxy. */
  readonly path: string
  readonly title: string
  readonly icon: IconName
  /** Where it stands in the navigation. Absent: it is reached by links. */
  readonly group?: 'network' | 'use' | 'node'
  /** Other paths of the same page, of LocalAI's. */
  readonly aliases?: readonly string[]
  readonly load: () => Promise<{ readonly Page: ComponentType<PageProps> }>
}

export const PAGES: readonly PageRow[] = [
  {
    path: '/app',
    aliases: ['/app/p2p'],
    title: 'Network',
    icon: 'network',
    group: 'network',
    load: () => import('./pages/network.tsx'),
  },
]
