import { useSignal } from '@preact/signals'
import { CopyButton } from '../components/copy-button.tsx'
import { Badge, Card, Empty, Loading, Problem } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { firstFor } from '../models/named-model.ts'
import { useModels } from '../models/use-models.ts'
import { hrefOf } from '../router.ts'
import { session } from '../session.ts'
import { useApi } from '../use-api.ts'

/** `/swagger/doc.json`, as far as it is shown. */
interface ApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly summary?: string; readonly tags?: readonly string[] }>>>
  >
}

interface Route {
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly tag: string
}

const COLUMNS: readonly Column<Route>[] = [
  {
    title: 'Method',
    width: '6rem',
    cell: ({ method }) => <Badge tone={method === 'GET' ? 'plain' : 'info'}>{method}</Badge>,
  },
  { title: 'Path', cell: ({ path }) => <code>{path}</code> },
  { title: 'What it does', width: '40%', wide: true, cell: ({ summary }) => summary },
  { title: 'About', width: '8rem', wide: true, cell: ({ tag }) => <span class="soft">{tag}</span> },
]

/** How programs use this node. */
export function Page() {
  const { state } = useApi<ApiDocument>('/swagger/doc.json')
  const sought = useSignal('')
  const { data, error } = state.value
  const routes = data === undefined ? [] : toRoutes(data)
  const term = sought.value.toLowerCase()
  const shown = routes.filter(({ path, summary, tag }) => `${path} ${summary} ${tag}`.toLowerCase().includes(term))
  const base = new URL(hrefOf('/v1'), location.href).href
  const swagger = hrefOf('/swagger/')
  const example = exampleFor(base, firstFor('chat', useModels().models))
  return (
    <>
      <header class="page-head">
        <div>
          <h1>API</h1>
          <p>
            Any program that speaks OpenAI's, Anthropic's or LocalAI's API can use this node, and the network behind it.
          </p>
        </div>
        <a href={swagger} target="_blank" rel="noopener">
          Try every route (Swagger)
        </a>
      </header>
      <Card title="Base address" actions={<CopyButton text={() => base} />}>
        <pre>{base}</pre>
      </Card>
      <Card title="An example" actions={<CopyButton text={() => example} />}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
        <pre tabIndex={0}>{example}</pre>
      </Card>
      <input
        type="search"
        aria-label="Search the routes"
        placeholder={data === undefined ? 'Search the routes' : `Search ${routes.length} routes`}
        value={sought.value}
        onInput={(event) => {
          sought.value = event.currentTarget.value
        }}
      />
      {error === undefined ? null : <Problem>{error}</Problem>}
      {data === undefined && error === undefined ? <Loading what="Reading the description" /> : null}
      {data === undefined ? null : (
        <Table
          label="Routes of this node"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ method, path }) => `${method} ${path}`}
          rowHeight={38}
          empty={<Empty icon="search" title="No route fits" />}
        />
      )}
    </>
  )
}

function exampleFor(base: string, model: string): string {
  const { authEnabled = false, staticApiKeyRequired = false } = session.value ?? {}
  const messages = [{ role: 'user', content: 'Hello!' }]
  const words = [
    `curl ${base}/chat/completions`,
    `-H 'Content-Type: application/json'`,
    ...(authEnabled || staticApiKeyRequired ? [`-H 'Authorization: Bearer YOUR-KEY'`] : []),
    `-d ${quoted(JSON.stringify({ model: model || 'MODEL', messages, stream: true }))}`,
  ]
  return words.join(' \\\n  ')
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function toRoutes({ paths }: ApiDocument): readonly Route[] {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary = '', tags = [] }]) => ({
      ...{ method: method.toUpperCase(), path, summary },
      tag: tags[0] ?? '',
    })),
  )
  // What most programs ask comes first; the files of this interface are nobody's business.
  const told = routes.filter(({ tag }) => tag !== 'ui')
  return told.toSorted((left, right) => rankOf(left) - rankOf(right))
}

const FIRST_TAGS = ['chat', 'completions', 'responses', 'embeddings', 'models']

function rankOf({ path, tag }: Route): number {
  const rank = FIRST_TAGS.indexOf(tag)
  return (rank < 0 ? FIRST_TAGS.length : rank) + (path.startsWith('/v1/') ? 0 : FIRST_TAGS.length + 1)
}
