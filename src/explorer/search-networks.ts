import type { Cluster, Figures, ListedNetwork } from './listed-network.ts'

/** A network as anybody may see it. */
export interface PublicNetwork extends ListedNetwork {
  readonly clusters: readonly Cluster[]
  readonly figures: Figures
  /** Of the visits of the last 30 days; undefined before the first. */
  readonly uptime: number | undefined
}

export const SORTS = ['clusters', 'nodes', 'workers', 'models', 'uptime', 'name', 'added', 'seen'] as const
export type NetworkSort = (typeof SORTS)[number]

export interface NetworkQuery {
  /** Words that all have to be in name, description or the name of a model. */
  readonly words?: string
  readonly sort?: NetworkSort
  /** Default: the greatest first; names from a on. */
  readonly order?: 'asc' | 'desc'
  /** From 1 on. */
  readonly page?: number
  /** On a page. Absent: all. */
  readonly items?: number
}

export interface FoundNetworks {
  readonly networks: readonly PublicNetwork[]
  /** On all pages. */
  readonly total: number
  readonly page: number
  readonly pages: number
}

/** Those that have somebody who works, as LocalAI shows them, narrowed down, in order, and of those one page. Pure. */
export function searchNetworks(all: readonly PublicNetwork[], query: NetworkQuery): FoundNetworks {
  const words = (query.words ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const found = all.filter((network) => network.clusters.length > 0 && words.every((word) => has(network, word)))
  const sorted = found.toSorted(compareBy(query.sort ?? 'clusters', query.order))
  const items = query.items ?? Math.max(1, sorted.length)
  const pages = Math.max(1, Math.ceil(sorted.length / items))
  const page = Math.min(pages, Math.max(1, query.page ?? 1))
  return { networks: sorted.slice((page - 1) * items, page * items), total: sorted.length, page, pages }
}

function has({ name, description, summary }: PublicNetwork, word: string): boolean {
  const models = summary?.models.map((model) => model.name) ?? []
  return [name, description, ...models].some((text) => text.toLowerCase().includes(word))
}

const KEYS: Readonly<Record<Exclude<NetworkSort, 'name'>, (network: PublicNetwork) => number>> = {
  clusters: ({ clusters }) => clusters.length,
  nodes: ({ figures }) => figures.nodes,
  workers: ({ figures }) => figures.workers,
  models: ({ figures }) => figures.models,
  uptime: ({ uptime }) => uptime ?? 0,
  added: ({ addedAtUnixMs }) => addedAtUnixMs,
  seen: ({ seenAtUnixMs }) => seenAtUnixMs ?? 0,
}

type Compare = (left: PublicNetwork, right: PublicNetwork) => number

/** Whatever is equal is in the order of size, then of names, so that a page does not change by itself. */
function compareBy(sort: NetworkSort, order: NetworkQuery['order']): Compare {
  const byName: Compare = (left, right) => compareTexts(left.name, right.name) || (left.id < right.id ? -1 : 1)
  if (sort === 'name') return order === 'desc' ? (left, right) => byName(right, left) : byName
  const key = KEYS[sort]
  const sign = order === 'asc' ? 1 : -1
  return (left, right) =>
    sign * (key(left) - key(right)) || right.figures.nodes - left.figures.nodes || byName(left, right)
}

function compareTexts(left: string, right: string): number {
  return left.localeCompare(right, 'en', { sensitivity: 'base' })
}
