import { type Signal, useSignal } from '@preact/signals'
import { Button } from '../components/button.tsx'
import { Badge, Card, Empty, Loading, Problem } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { formatMs, formatTime } from '../format.ts'
import { about, manages, type RequestSummary, requestKey, requests } from '../live.ts'
import { detoursOf, outcomeOf, requestPath } from '../requests/request-words.ts'

const OUTCOMES = ['answered', 'refused', 'lost', 'cancelled', 'unrouted', 'running'] as const

const COLUMNS: readonly Column<RequestSummary>[] = [
  { title: 'Asked for', cell: ({ model, capability }) => model ?? capability },
  { title: 'Came', width: '5.8rem', wide: true, cell: ({ startedAt }) => formatTime(Date.parse(startedAt)) },
  { title: 'Node', width: '6.2rem', cell: ({ node, to }) => (to === 'local' ? 'this node' : (node?.name ?? '–')) },
  { title: 'Outcome', width: '7rem', cell: (request) => <Outcome request={request} /> },
  { title: 'Detours', width: '9.8rem', wide: true, cell: (request) => detoursOf(request) || '–' },
  {
    title: 'Waited',
    width: '5.2rem',
    align: 'right',
    wide: true,
    cell: ({ queuedMs }) => (queuedMs < 1 ? '–' : formatMs(queuedMs)),
  },
  { title: 'First', width: '5.2rem', align: 'right', wide: true, cell: ({ firstBytesMs }) => timeOf(firstBytesMs) },
  { title: 'Total', width: '5.2rem', align: 'right', wide: true, cell: ({ totalMs }) => timeOf(totalMs) },
  {
    title: 'Tokens/s',
    width: '5.8rem',
    align: 'right',
    wide: true,
    cell: ({ tokensPerSecond }) => tokensPerSecond?.toFixed(1) ?? '–',
  },
]

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '–' : formatMs(ms)
}

function Outcome({ request }: { readonly request: RequestSummary }) {
  const [words, tone] = outcomeOf(request)
  return <Badge tone={tone}>{words}</Badge>
}

/** What comes to this node, where it goes and what becomes of it. */
export function Page() {
  const query = useSignal('')
  const outcome = useSignal('')
  const held = useSignal<readonly RequestSummary[] | undefined>(undefined)
  if (about.value === undefined) return <Loading />
  if (!manages.value) {
    return (
      <Problem tone="info">Only the owner of this node sees its requests: sign in with one of its API keys.</Problem>
    )
  }
  const all = held.value ?? requests.value
  const shown = all.filter((request) => isWanted(request, query.value, outcome.value))
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Requests</h1>
          <p>What came to this node, where it went, and why</p>
        </div>
        <div class="actions">
          <Button
            icon={held.value === undefined ? 'pause' : 'play'}
            pressed={held.value !== undefined}
            onClick={() => {
              held.value = held.value === undefined ? requests.value : undefined
            }}
          >
            {held.value === undefined ? 'Hold' : 'Go on'}
          </Button>
        </div>
      </header>
      <Card>
        <Filters query={query} outcome={outcome} />
        <Table
          label="Requests"
          columns={COLUMNS}
          rows={shown}
          keyOf={requestKey}
          linkOf={requestPath}
          height="calc(100dvh - 17rem)"
          empty={
            <Empty icon="requests" title={all.length === 0 ? 'No request has come yet' : 'No request is like that'}>
              {all.length === 0 ? <p>The last thousand are kept, until the node ends.</p> : null}
            </Empty>
          }
        />
      </Card>
    </>
  )
}

function Filters({ query, outcome }: { readonly query: Signal<string>; readonly outcome: Signal<string> }) {
  return (
    <div class="request-filters">
      <input
        type="search"
        aria-label="Filter by model, node, path or id"
        placeholder="Model, node, path or id"
        value={query.value}
        onInput={({ currentTarget }) => {
          query.value = currentTarget.value
        }}
      />
      <select
        aria-label="Filter by outcome"
        value={outcome.value}
        onChange={({ currentTarget }) => {
          outcome.value = currentTarget.value
        }}
      >
        <option value="">Every outcome</option>
        {OUTCOMES.map((one) => (
          <option key={one} value={one}>
            {one === 'running' ? 'running' : outcomeOf({ state: 'ended', outcome: one })[0]}
          </option>
        ))}
      </select>
    </div>
  )
}

function isWanted(request: RequestSummary, query: string, outcome: string): boolean {
  if (outcome === 'running' ? request.outcome !== undefined : outcome !== '' && request.outcome !== outcome)
    return false
  const words = query.trim().toLowerCase()
  if (words === '') return true
  const { model = '', node, path, id } = request
  return [model, node?.name ?? '', path, id].some((text) => text.toLowerCase().includes(words))
}
