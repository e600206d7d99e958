import { formatMs } from '../format.ts'
import type { Explanation, Step } from './explanation.ts'

/** A piece of time on one node. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  readonly kind: 'waiting' | 'asked' | 'answering' | 'failed' | 'pause'
  readonly words: string
}

export interface Lane {
  readonly name: string
  readonly spans: readonly Span[]
}

const TRIES: Readonly<Record<string, string>> = {
  answered: 'asked, and it answered',
  unreachable: 'asked, and nobody was there',
  'not-started': 'asked, and it could not begin',
  broken: 'asked, and the connection was lost',
  late: 'asked as well; another one was faster',
}

const CAUSES: Readonly<Record<string, string>> = { lost: 'was lost', stalled: 'fell silent', leaving: 'left' }

/** One request across nodes: this node's lane first, then one for each that was asked, in that order. Pure. */
export function toLanes(story: Explanation, nowMs: number): readonly Lane[] {
  const endMs = story.totalMs ?? nowMs
  const seams = seamsOf(story.timeline)
  const lanes = new Map<string, Span[]>()
  const add = (name: string, span: Span): void => {
    lanes.set(name, [...(lanes.get(name) ?? []), span])
  }
  for (const { atMs, waitedMs } of story.decisions) {
    if (waitedMs > 0)
      add('waiting here', { fromMs: atMs, toMs: atMs + waitedMs, kind: 'waiting', words: 'no node was free' })
  }
  for (const step of story.timeline) {
    if (step.type !== 'try') continue
    const kind = step.outcome === 'answered' || step.outcome === 'late' ? 'asked' : 'failed'
    // Whoever is asked to go on is asked while the stream pauses, which is drawn.
    if (kind === 'asked' && seams.some(({ atMs, pauseMs }) => atMs <= step.atMs && step.atMs <= atMs + pauseMs))
      continue
    const words = TRIES[step.outcome] ?? step.outcome
    add(step.node.name, { fromMs: step.atMs, toMs: step.atMs + step.ms, kind, words })
  }
  for (const { name, fromMs, toMs, words } of answersOf(story, endMs))
    add(name, { fromMs, toMs, kind: 'answering', words })
  for (const { atMs, pauseMs, to, from } of seams) {
    add((to ?? from).name, { fromMs: atMs, toMs: atMs + pauseMs, kind: 'pause', words: 'the stream paused' })
  }
  return [...lanes].map(([name, spans]) => ({ name, spans }))
}

interface Answering {
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly words: string
}

/** Who sent the client what, from the first bytes to the end, changing at each seam. */
function answersOf(story: Explanation, endMs: number): readonly Answering[] {
  const { firstBytesMs, node } = story
  if (firstBytesMs === undefined || node === undefined) return []
  const answers: Answering[] = []
  let fromMs = firstBytesMs
  for (const { atMs, pauseMs, from, cause, tokens } of seamsOf(story.timeline)) {
    answers.push({
      name: from.name,
      fromMs,
      toMs: atMs,
      words: `answered, and ${CAUSES[cause] ?? cause} after ${tokens} tokens`,
    })
    fromMs = atMs + pauseMs
  }
  const last = seamsOf(story.timeline).at(-1)
  if (last !== undefined && last.to === undefined) return answers
  return [...answers, { name: last?.to?.name ?? node.name, fromMs, toMs: Math.max(fromMs, endMs), words: 'answered' }]
}

function seamsOf(timeline: readonly Step[]) {
  return timeline.filter((step) => step.type === 'seam')
}

const ENDS: Readonly<Record<string, string>> = { unrouted: 'nobody could serve it', lost: 'the answer broke off' }

/** What happened, step by step, for those who read. */
export function toWords(story: Explanation): readonly { readonly atMs: number; readonly words: string }[] {
  const { firstBytesMs, totalMs, outcome, status, code } = story
  const facts = [status === undefined ? '' : `status ${status}`, code ?? ''].filter((fact) => fact !== '').join(', ')
  const steps = story.timeline.map((step) => ({ atMs: step.atMs, words: wordsOf(step) }))
  const first = firstBytesMs === undefined ? [] : [{ atMs: firstBytesMs, words: 'the first bytes of the answer' }]
  const over = ENDS[outcome ?? ''] ?? outcome ?? 'over'
  const end = totalMs === undefined ? [] : [{ atMs: totalMs, words: `${over}${facts === '' ? '' : ` (${facts})`}` }]
  const between = [...steps, ...first].sort((left, right) => left.atMs - right.atMs)
  return [{ atMs: 0, words: 'it came' }, ...between, ...end]
}

function wordsOf(step: Step): string {
  if (step.type === 'hedge')
    return `nothing had come for ${formatMs(step.afterMs)}: ${step.node.name} was asked as well`
  if (step.type === 'try') return `${step.node.name}: ${TRIES[step.outcome] ?? step.outcome}`
  const lost = `${step.from.name} ${CAUSES[step.cause] ?? step.cause} after ${step.tokens} tokens`
  if (step.to === undefined) return `${lost}, and nobody could go on${step.code === undefined ? '' : ` (${step.code})`}`
  return `${lost}; ${step.to.name} went on, ${formatMs(step.pauseMs)} later`
}
