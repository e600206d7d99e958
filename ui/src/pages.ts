import type { ComponentType } from 'preact'
import type { IconName } from './components/icon.tsx'
import type { Feature } from './features.ts'
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
  /** Shown only by nodes that have it. */
  readonly needs?: Feature
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
  { path: '/app/nodes/:node', title: 'Node', icon: 'network', load: () => import('./pages/node.tsx') },
  {
    path: '/app/requests',
    title: 'Requests',
    icon: 'requests',
    group: 'network',
    load: () => import('./pages/requests.tsx'),
  },
  { path: '/app/requests/:request', title: 'Request', icon: 'requests', load: () => import('./pages/request.tsx') },
  {
    path: '/app/chat/:model?',
    title: 'Chat',
    icon: 'chat',
    group: 'use',
    load: () => import('./pages/chat.tsx'),
  },
  {
    path: '/app/models',
    aliases: ['/app/browse', '/app/manage'],
    title: 'Models',
    icon: 'models',
    group: 'use',
    load: () => import('./pages/models.tsx'),
  },
  {
    path: '/app/model-editor/:name?',
    title: 'Configuration of a model',
    icon: 'edit',
    load: () => import('./pages/model-editor.tsx'),
  },
  {
    path: '/app/completion/:model?',
    title: 'Completion',
    icon: 'edit',
    group: 'use',
    load: () => import('./pages/completion.tsx'),
  },
  {
    path: '/app/embeddings/:model?',
    title: 'Embeddings',
    icon: 'copy',
    group: 'use',
    load: () => import('./pages/embeddings.tsx'),
  },
  {
    path: '/app/api',
    title: 'API',
    icon: 'api',
    group: 'use',
    load: () => import('./pages/api.tsx'),
  },
  {
    path: '/app/metrics',
    title: 'Metrics',
    icon: 'metrics',
    group: 'node',
    needs: 'metrics',
    load: () => import('./pages/metrics.tsx'),
  },
  {
    path: '/app/logs',
    title: 'Logs',
    icon: 'logs',
    group: 'node',
    needs: 'logs',
    load: () => import('./pages/logs.tsx'),
  },
  {
    path: '/app/backends',
    title: 'Backends',
    icon: 'backends',
    group: 'node',
    needs: 'backends',
    load: () => import('./pages/backends.tsx'),
  },
  {
    path: '/app/settings',
    title: 'Settings',
    icon: 'settings',
    group: 'node',
    needs: 'settings',
    load: () => import('./pages/settings.tsx'),
  },
]
