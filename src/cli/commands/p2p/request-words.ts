import { formatTable, type Style } from '../../terminal.ts'
import type { ShownCandidate, ShownDecision, ShownExplanation, ShownRequest, ShownStep } from './explained-answers.ts'

type Paint = (style: Style, text: string) => string

export const REQUEST_HEADINGS = [
  'TIME',
  'ID',
  'MODEL',
  'NODE',
  'OUTCOME',
  'TRIES',
  'SEAMS',
  'QUEUED',
  'FIRST',
  'TOTAL',
  'TOKENS/S',
]

export function requestRow(request: ShownRequest): readonly string[] {
  const { startedAt, id, model, node, outcome, state, tries, hedges, seams, queuedMs } = request
  return [
    startedAt.slice(11, 23),
    id,
    model || '-',
    node || '-',
    outcome || state,
    hedges > 0 ? `${tries} (hedged)` : String(tries),
    String(seams),
    duration(queuedMs),
    duration(request.firstBytesMs),
    duration(request.totalMs),
    request.tokensPerSecond === undefined ? '-' : String(request.tokensPerSecond),
  ]
}

/** What happened, from its coming to its end, for a person. */
export function tellStory(story: ShownExplanation, paint: Paint): string {
  const parts = [
    `${paint('bold', story.id)}  ${story.path}  ${story.startedAt}\n${summaryOf(story)}\n`,
    ...story.decisions.map((decision) => tellDecision(decision, paint)),
    formatTable(timelineOf(story, paint)),
  ]
  return parts.join('\n')
}

function summaryOf(story: ShownExplanation): string {
  const what = story.model === '' ? 'It named no model' : `It asked for ${story.model}`
  const figures = [
    story.queuedMs > 0 ? `${duration(story.queuedMs)} in the queue` : '',
    story.tokens === undefined ? '' : `${story.tokens} tokens`,
    story.tokensPerSecond === undefined ? '' : `${story.tokensPerSecond} tokens/s`,
    story.totalMs === undefined ? '' : `${duration(story.totalMs)} in all`,
  ].filter((figure) => figure !== '')
  const end = figures.length === 0 ? '' : ` (${figures.join(', ')})`
  return `${what}; ${whereTo(story)}${end}.`
}

function whereTo({ to, node, outcome, code, state }: ShownExplanation): string {
  const reason = code === '' ? '' : ` (${code})`
  if (to === '') return 'it is still being decided who serves it'
  if (to === 'nobody') return `nobody served it${reason}`
  const where = to === 'local' ? 'this node served it' : `${node} served it`
  if (outcome === 'lost') return `${where}, and its answer broke off${reason}`
  if (outcome === 'cancelled') return `${where}, until the client left`
  if (outcome === 'refused') return `${where}, with a refusal`
  return state === 'ended' ? where : `${where}, and its answer goes on`
}

function tellDecision({ policy, atMs, candidates, looks, waitedMs, others }: ShownDecision, paint: Paint): string {
  const waited = looks > 1 ? `; it looked ${looks} times in ${duration(waitedMs)} until one was free` : ''
  const title = `After ${duration(atMs)} the policy "${policy}" had this order, best first (a lower score is better)${waited}:`
  if (candidates.length === 0) return `After ${duration(atMs)} the policy "${policy}" had nobody to choose from.\n`
  const rows = [CANDIDATE_HEADINGS, ...candidates.map((candidate) => candidateRow(candidate, paint))]
  return `${title}\n${formatTable(rows)}${others > 0 ? `and ${others} more\n` : ''}`
}

const CANDIDATE_HEADINGS = ['  NODE', 'SCORE', 'BUSY', 'MODEL', 'RTT', 'PROMPT', 'STANDING']

function candidateRow(candidate: ShownCandidate, paint: Paint): readonly string[] {
  const { name, local, score, busy, slots, loaded, roundTripMs, prefixShare, upstream } = candidate
  return [
    `  ${name}${local ? ' (this node)' : ''}`,
    score === undefined ? '-' : String(score),
    // A node that has to look something up only has no bound.
    slots > 1_000_000 ? String(busy) : `${busy}/${slots}`,
    upstream === '' ? modelState(loaded, paint) : `on ${upstream}`,
    roundTripMs === undefined ? '-' : `${roundTripMs} ms`,
    prefixShare === undefined ? '-' : `${Math.round(prefixShare * 100)} % kept`,
    standingOf(candidate, paint),
  ]
}

function modelState(loaded: boolean, paint: Paint): string {
  return loaded ? 'loaded' : paint('yellow', 'to be loaded')
}

function standingOf({ ejected, share }: ShownCandidate, paint: Paint): string {
  if (ejected) return paint('red', 'out: it failed or was slow')
  return share < 1 ? paint('yellow', `${Math.round(share * 100)} % of its share`) : 'trusted'
}

function timelineOf(story: ShownExplanation, paint: Paint): readonly (readonly string[])[] {
  const ends = story.totalMs === undefined ? [] : [[`  ${duration(story.totalMs)}`, endOf(story, paint)]]
  const first = story.firstBytesMs
  const steps = story.timeline.map((step) => ({ atMs: step.atMs, words: wordsOf(step, paint) }))
  const begins = first === undefined ? [] : [{ atMs: first, words: 'the first bytes of the answer' }]
  const rows = [...steps, ...begins].sort((left, right) => left.atMs - right.atMs)
  return [['  0 ms', 'it came'], ...rows.map(({ atMs, words }) => [`  ${duration(atMs)}`, words]), ...ends]
}

function endOf({ outcome, status, code }: ShownExplanation, paint: Paint): string {
  const facts = [status === undefined ? '' : `status ${status}`, code].filter((fact) => fact !== '').join(', ')
  const words = paint(outcome === 'answered' ? 'green' : 'red', outcome)
  return facts === '' ? words : `${words} (${facts})`
}

const OUTCOMES: Readonly<Record<string, string>> = {
  answered: 'it answered',
  unreachable: 'nobody was there',
  'not-started': 'it could not begin',
  broken: 'the connection was lost',
  late: 'another node was faster',
}

const CAUSES: Readonly<Record<string, string>> = {
  lost: 'was lost',
  stalled: 'fell silent',
  leaving: 'left',
}

function wordsOf({ type, from, to, ms, word, tokens, code }: ShownStep, paint: Paint): string {
  if (type === 'hedge') return `nothing had come for ${duration(ms)}: ${to} was asked as well`
  if (type === 'try') {
    const good = word === 'answered' || word === 'late'
    return `asked ${to}: ${paint(good ? 'green' : 'red', OUTCOMES[word] ?? word)} (${duration(ms)})`
  }
  if (type !== 'seam') return type
  const lost = `${from} ${CAUSES[word] ?? word} after ${tokens} tokens`
  if (to === '') return paint('red', `${lost}, and nobody could go on${code === '' ? '' : ` (${code})`}`)
  return paint('yellow', `${lost}; ${to} went on, ${duration(ms)} later`)
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return '-'
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
