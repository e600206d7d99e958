import { type HistoryRange, RANGES } from '../../explorer/history.ts'
import { type NetworkQuery, type NetworkSort, SORTS } from '../../explorer/search-networks.ts'

const MAX_WORDS_LENGTH = 200
const MAX_ITEMS = 500
const MAX_PAGE = 100_000

/** What the list is asked with: `q`, `sort`, `order`, `page`, `items`. What is wrong is left out: it is in an address. */
export function toNetworkQuery(query: unknown): NetworkQuery {
  const words = textIn(query, 'q')?.slice(0, MAX_WORDS_LENGTH)
  const sort = SORTS.find((name) => name === textIn(query, 'sort'))
  const order = textIn(query, 'order')
  const page = numberIn(query, 'page', MAX_PAGE)
  const items = numberIn(query, 'items', MAX_ITEMS)
  return {
    ...(words === undefined || words === '' ? {} : { words }),
    ...(sort === undefined ? {} : { sort }),
    ...(order === 'asc' || order === 'desc' ? { order } : {}),
    ...(page === undefined ? {} : { page }),
    ...(items === undefined ? {} : { items }),
  }
}

export function toRange(query: unknown): HistoryRange {
  return RANGES.find((range) => range === textIn(query, 'range')) ?? 'day'
}

/** The same question as a query string, without the page: '' or `?…`. */
export function toQueryText({ words, sort, order }: NetworkQuery, page?: number): string {
  const pairs: [string, string][] = []
  if (words !== undefined) pairs.push(['q', words])
  if (sort !== undefined) pairs.push(['sort', sort satisfies NetworkSort])
  if (order !== undefined) pairs.push(['order', order])
  if (page !== undefined && page > 1) pairs.push(['page', String(page)])
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function numberIn(query: unknown, name: string, most: number): number | undefined {
  const text = textIn(query, name)
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Math.min(most, Number(text)) : undefined
}

function textIn(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined
  return typeof value === 'string' ? value : undefined
}
