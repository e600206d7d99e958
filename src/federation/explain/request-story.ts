import type { ErrorCode } from '../../base/errors.ts'
import type { Candidate } from '../policies/choose.ts'
import type { Attempt, RoutedRequest } from '../routed-request.ts'
import type { Considered, RequestFinished, RequestRouted, Seam } from '../routing-events.ts'
import type { NodeName, RequestOutcome, Step } from './explanation.ts'

/** Best first. */
const MAX_CANDIDATES = 16
const MAX_DECISIONS = 6
const MAX_STEPS = 32
const MAX_TEXT = 128

/** One request as it goes on. Kept small: there are many, and one is written on the way of each request. */
export interface RequestStory {
  readonly id: string
  /** `RoutedRequest.stamp`; empty where there is none. */
  readonly stamp: string
  readonly method: string
  readonly path: string
  readonly capability: string
  readonly model: string | undefined
  readonly caller: string | undefined
  readonly startedUnixMs: number
  /** On the clock of the router. */
  readonly startedAt: number
  readonly decisions: Look[]
  readonly timeline: Step[]
  tries: number
  hedges: number
  seams: number
  routed: (Pick<RequestRouted, 'to' | 'ms'> & { readonly queuedMs: number }) | undefined
  node: NodeName | undefined
  outcome: RequestOutcome | undefined
  status: number | undefined
  code: ErrorCode | undefined
  firstBytesMs: number | undefined
  totalMs: number | undefined
  tokens: number | undefined
  generationMs: number | undefined
}

/** The candidates are kept as the policy has given them: nothing is made of them unless somebody asks. */
export interface Look {
  readonly policy: string
  readonly firstAtMs: number
  lastAtMs: number
  looks: number
  order: Considered['order']
  others: number
}

/** Nothing of the body, the headers or the query is kept. */
export function beginStory(
  request: RoutedRequest,
  clock: { readonly now: number; readonly unixMs: number },
): RequestStory {
  const { id, stamp = '', method, target, capability, model, owner } = request
  const query = target.indexOf('?')
  return {
    id,
    stamp,
    method,
    path: cut(query === -1 ? target : target.slice(0, query)),
    capability,
    model: model === undefined ? undefined : cut(model),
    caller: owner,
    startedUnixMs: clock.unixMs,
    startedAt: clock.now,
    decisions: [],
    timeline: [],
    tries: 0,
    hedges: 0,
    seams: 0,
    routed: undefined,
    node: undefined,
    outcome: undefined,
    status: undefined,
    code: undefined,
    firstBytesMs: undefined,
    totalMs: undefined,
    tokens: undefined,
    generationMs: undefined,
  }
}

export function tellConsidered(story: RequestStory, { policy, order }: Considered, now: number): void {
  const atMs = now - story.startedAt
  const kept = order.length > MAX_CANDIDATES ? order.slice(0, MAX_CANDIDATES) : order
  const others = order.length - kept.length
  const last = story.decisions.at(-1)
  // Another look at the same nodes: it waits for one of them.
  if (last !== undefined && (story.decisions.length === MAX_DECISIONS || isSameChoice(last, kept, others))) {
    last.lastAtMs = atMs
    last.looks += 1
    last.order = kept
    last.others = others
    return
  }
  story.decisions.push({ policy: cut(policy), firstAtMs: atMs, lastAtMs: atMs, looks: 1, order: kept, others })
}

function isSameChoice(last: Look, order: Considered['order'], others: number): boolean {
  if (last.order.length !== order.length || last.others !== others) return false
  const isHere = ({ peerId }: Candidate): boolean => order.some(({ candidate }) => candidate.peerId === peerId)
  return last.order.every(({ candidate }) => isHere(candidate))
}

export function tellTried(story: RequestStory, { peerId, name, outcome, ms }: Attempt, now: number): void {
  story.tries += 1
  const atMs = Math.max(0, now - story.startedAt - ms)
  addStep(story, { type: 'try', atMs, node: toNodeName({ peerId, name }), outcome, ms })
}

export function tellHedged(story: RequestStory, event: NodeName & { readonly afterMs: number }, now: number): void {
  story.hedges += 1
  addStep(story, { type: 'hedge', atMs: now - story.startedAt, node: toNodeName(event), afterMs: event.afterMs })
}

export function tellRouted(story: RequestStory, { to, ms, attempts, code }: RequestRouted, self: NodeName): void {
  story.routed = { to, ms, queuedMs: waitedMs(story, { to, ms, attempts, code }) }
  const answered = attempts.findLast(({ outcome }) => outcome === 'answered') ?? attempts.at(-1)
  if (to === 'local') story.node = self
  if (to === 'remote' && answered !== undefined) story.node = toNodeName(answered)
  if (to === 'remote') story.firstBytesMs = ms
  if (to !== 'nobody') return
  story.code = code
  story.outcome = code === 'request.cancelled' || code === 'node.stopping' ? 'cancelled' : 'unrouted'
  story.totalMs = ms
}

/** Who was refused while waiting has waited since it first looked, less what its tries took. */
function waitedMs(
  { decisions }: RequestStory,
  { to, ms, attempts }: Omit<RequestRouted, 'code'> & { readonly code: ErrorCode | undefined },
): number {
  const first = decisions[0]
  if (first === undefined) return 0
  if (to === 'nobody')
    return Math.max(
      0,
      attempts.reduce((left, attempt) => left - attempt.ms, ms - first.firstAtMs),
    )
  return decisions.reduce((sum, { firstAtMs, lastAtMs }) => sum + lastAtMs - firstAtMs, 0)
}

export function tellSeam(story: RequestStory, seam: Seam, now: number): void {
  story.seams += 1
  const { from, to, cause, tokens, sentBytes, pauseMs, code } = seam
  addStep(story, {
    type: 'seam',
    atMs: Math.max(0, now - story.startedAt - pauseMs),
    from: toNodeName(from),
    ...(to === undefined ? {} : { to: toNodeName(to) }),
    ...{ cause, tokens, sentBytes, pauseMs },
    ...(code === undefined ? {} : { code }),
  })
  if (to !== undefined) story.node = toNodeName(to)
  else story.code = code
}

export function tellFinished(story: RequestStory, event: RequestFinished): void {
  const { outcome, status, ms, tokens, generationMs } = event
  story.node = toNodeName(event)
  story.status = status
  story.outcome = outcome === 'answered' && status >= 400 ? 'refused' : outcome
  story.totalMs = ms
  if (tokens === 0) return
  story.tokens = tokens
  story.generationMs = generationMs
}

export function addStep({ timeline }: RequestStory, step: Step): void {
  if (timeline.length < MAX_STEPS) timeline.push(step)
}

/** Roughly, in things that are kept. */
export function weightOf({ decisions, timeline }: RequestStory): number {
  return decisions.reduce((sum, { order }) => sum + order.length, 1 + timeline.length)
}

function toNodeName({ peerId, name }: NodeName): NodeName {
  return { peerId, name: cut(name) }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text
}
