import { Type } from 'typebox'

/** Query of the web interface's lists. */
export const PageQuery = Type.Object({
  term: Type.Optional(Type.String({ maxLength: 200 })),
  tag: Type.Optional(Type.String({ maxLength: 200 })),
  page: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$' })),
  items: Type.Optional(Type.String({ pattern: '^[0-9]{1,4}$' })),
  sort: Type.Optional(Type.String({ maxLength: 40 })),
  order: Type.Optional(Type.String({ maxLength: 10 })),
})
export type PageQuery = Type.Static<typeof PageQuery>

export const PageNumbers = {
  currentPage: Type.Integer(),
  totalPages: Type.Integer(),
  prevPage: Type.Integer(),
  nextPage: Type.Integer(),
}

/** What a list is searched and sorted by. */
export interface PageRow {
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  readonly gallery: string
  readonly license: string
  readonly installed: boolean
}

const ITEMS = 9
const MAX_ITEMS = 200

/** The rows of one page, and its place among the pages. Without `sort` the order stays. Pure. */
export function toPage<Row extends PageRow>(rows: readonly Row[], query: PageQuery) {
  const term = query.term?.trim().toLowerCase() ?? ''
  const tag = query.tag?.trim().toLowerCase() ?? ''
  const found = rows.filter(
    (row) => hasTerm(row, term) && (tag === '' || row.tags.some((own) => own.toLowerCase() === tag)),
  )
  const sorted = sortRows(found, query)
  const items = Math.min(MAX_ITEMS, Math.max(1, Number(query.items ?? ITEMS)))
  const totalPages = Math.max(1, Math.ceil(sorted.length / items))
  const currentPage = Math.min(totalPages, Math.max(1, Number(query.page ?? 1)))
  return {
    rows: sorted.slice((currentPage - 1) * items, currentPage * items),
    numbers: {
      currentPage,
      totalPages,
      prevPage: Math.max(1, currentPage - 1),
      nextPage: Math.min(totalPages, currentPage + 1),
    },
  }
}

function hasTerm({ name, description, tags, gallery }: PageRow, term: string): boolean {
  return term === '' || [name, description, gallery, ...tags].some((text) => text.toLowerCase().includes(term))
}

function sortRows<Row extends PageRow>(rows: readonly Row[], { sort, order }: PageQuery): readonly Row[] {
  const keyOf = SORTS.get(sort ?? '')
  if (keyOf === undefined) return rows
  const sign = order === 'desc' ? -1 : 1
  return rows.toSorted((left, right) => sign * keyOf(left).localeCompare(keyOf(right)))
}

const SORTS: ReadonlyMap<string, (row: PageRow) => string> = new Map([
  ['name', ({ name }) => name.toLowerCase()],
  ['repository', ({ gallery }) => gallery.toLowerCase()],
  ['license', ({ license }) => license.toLowerCase()],
  // What is installed comes first.
  ['status', ({ installed, name }) => `${installed ? 0 : 1} ${name.toLowerCase()}`],
])
