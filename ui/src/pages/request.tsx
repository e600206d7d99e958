import { Fragment } from 'preact'
import { useEffect } from 'preact/hooks'
import { CopyButton } from '../components/copy-button.tsx'
import { Link } from '../components/link.tsx'
import { Badge, Card, Loading, Problem } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { formatMs, formatTime } from '../format.ts'
import { requests } from '../live.ts'
import { formatRoundTrip } from '../network/node-words.ts'
import type { PageProps } from '../pages.ts'
import type { Candidate, Decision, Explanation } from '../requests/explanation.ts'
import { type Lane, toLanes, toWords } from '../requests/lanes.ts'
import { outcomeOf, storyOf } from '../requests/request-words.ts'
import { useApi } from '../use-api.ts'

/** Why one request went where it went, and what happened on its way. */
export function Page({ params }: PageProps) {
  const id = params['request'] ?? ''
  const { state, reload } = useApi<Explanation>(`/api/federation/requests/${encodeURIComponent(id)}`)
  const { data, error } = state.value
  const news = requests.value.find((request) => request.id === id)
  // What the list hears of it is a sign that there is more to read.
  useEffect(() => {
    if (data !== undefined && data.state !== 'ended') reload()
  }, [news])
  if (error !== undefined && data === undefined) {
    return (
      <>
        <h1 class="unseen">Request</h1>
        <Problem>{error}</Problem>
        <Link to="/app/requests">Back to the requests</Link>
      </>
    )
  }
  if (data === undefined) return <Loading />
  const [words, tone] = outcomeOf(data)
  return (
    <>
      <header class="page-head">
        <div>
          <p>
            <Link to="/app/requests">Requests</Link>
          </p>
          <h1 class="node-title">
            {data.model ?? data.capability} <Badge tone={tone}>{words}</Badge>
          </h1>
          <p>{storyOf(data)}</p>
        </div>
      </header>
      <Timeline story={data} />
      {data.decisions.map((decision, index) => (
        <Choice key={decision.atMs} decision={decision} first={index === 0} />
      ))}
      <Figures story={data} />
    </>
  )
}

function Timeline({ story }: { readonly story: Explanation }) {
  const nowMs = Math.max(1, Date.now() - Date.parse(story.startedAt))
  const wholeMs = Math.max(1, story.totalMs ?? nowMs)
  const lanes = toLanes(story, nowMs)
  return (
    <Card title="What happened">
      {lanes.length === 0 ? null : (
        <div class="lanes" aria-hidden="true">
          {lanes.map((lane) => (
            <LaneRow key={lane.name} lane={lane} wholeMs={wholeMs} />
          ))}
          <div class="lane-axis">
            <span>0</span>
            <span>{formatMs(wholeMs)}</span>
          </div>
        </div>
      )}
      <ol class="steps">
        {toWords(story).map(({ atMs, words }) => (
          <li key={`${atMs}${words}`}>
            <span class="step-time">{formatMs(atMs)}</span> {words}
          </li>
        ))}
      </ol>
    </Card>
  )
}

function LaneRow({ lane, wholeMs }: { readonly lane: Lane; readonly wholeMs: number }) {
  return (
    <div class="lane">
      <span class="lane-name">{lane.name}</span>
      <div class="lane-field">
        {lane.spans.map(({ fromMs, toMs, kind, words }) => (
          <span
            key={`${fromMs}${kind}`}
            class={`span ${kind}`}
            title={`${words}: ${formatMs(toMs - fromMs)}`}
            style={{ left: `${(100 * fromMs) / wholeMs}%`, width: `${(100 * (toMs - fromMs)) / wholeMs}%` }}
          />
        ))}
      </div>
    </div>
  )
}

const CANDIDATES: readonly Column<Candidate>[] = [
  { title: 'Node', cell: ({ name, local }) => (local ? `${name} (this node)` : name) },
  { title: 'Score', width: '5rem', align: 'right', wide: true, cell: ({ score }) => score ?? '–' },
  // A node that has to look something up only has no bound.
  {
    title: 'Busy',
    width: '4.6rem',
    align: 'right',
    cell: ({ busy, slots }) => (slots > 1_000_000 ? busy : `${busy}/${slots}`),
  },
  { title: 'Model', width: '8rem', wide: true, cell: ({ loaded }) => (loaded ? 'in memory' : 'to be loaded') },
  {
    title: 'Round trip',
    width: '7rem',
    align: 'right',
    wide: true,
    cell: ({ roundTripMs }) => (roundTripMs === undefined ? '–' : formatRoundTrip(roundTripMs)),
  },
  {
    title: 'Prompt kept',
    width: '7.5rem',
    align: 'right',
    wide: true,
    cell: ({ prefixShare }) => (prefixShare === undefined ? '–' : `${Math.round(prefixShare * 100)} %`),
  },
  { title: 'Standing', width: '9.4rem', cell: (candidate) => <Standing candidate={candidate} /> },
]

function Standing({ candidate: { ejected, share } }: { readonly candidate: Candidate }) {
  if (ejected) return <Badge tone="bad">failed or slow</Badge>
  return share < 1 ? <Badge tone="warn">{Math.round(share * 100)} % trusted</Badge> : <Badge tone="good">trusted</Badge>
}

function Choice({ decision, first }: { readonly decision: Decision; readonly first: boolean }) {
  const { policy, atMs, candidates, others, looks, waitedMs } = decision
  return (
    <Card title={`${first ? 'Why this node' : 'Why the next one'}: “${policy}”`}>
      <p class="hint">
        {`After ${formatMs(atMs)} the policy had this order, best first; a lower score is better. `}
        {looks > 1 ? `It looked ${looks} times in ${formatMs(waitedMs)} until one was free. ` : ''}
        {others > 0 ? `${others} more are not shown.` : ''}
      </p>
      <Table
        label={first ? 'Candidates' : `Candidates after ${formatMs(atMs)}`}
        columns={CANDIDATES}
        rows={candidates}
        keyOf={({ peerId }) => peerId}
        height="22rem"
        empty={<p>There was nobody to choose from.</p>}
      />
    </Card>
  )
}

function Figures({ story }: { readonly story: Explanation }) {
  const { id, startedAt, method, path, capability, caller, tokens, tokensPerSecond, queuedMs, firstBytesMs, totalMs } =
    story
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Came', formatTime(Date.parse(startedAt))],
    ['Asked', `${method} ${path} (${capability})`],
    ['By', caller],
    ['Waited', queuedMs < 1 ? 'not at all' : formatMs(queuedMs)],
    ['First bytes', firstBytesMs === undefined ? undefined : formatMs(firstBytesMs)],
    ['Total', totalMs === undefined ? undefined : formatMs(totalMs)],
    ['Tokens', tokens === undefined ? undefined : String(tokens)],
    ['Tokens/s', tokensPerSecond?.toFixed(1)],
  ]
  return (
    <Card title="Figures">
      <dl class="fact-list">
        {facts.map(([title, value]) =>
          value === undefined ? null : (
            <Fragment key={title}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </Fragment>
          ),
        )}
        <dt>Id</dt>
        <dd class="id">
          <code>{id}</code> <CopyButton text={() => id} />
        </dd>
      </dl>
    </Card>
  )
}
