import type { ConsideredCandidate, Decision, Explanation, RequestSummary } from './explanation.ts'
import type { Look, RequestStory } from './request-story.ts'

/** What is known of a request by now. */
export function toSummary(story: RequestStory): RequestSummary {
  const { routed, model, caller, node, outcome, status, code, firstBytesMs, totalMs, tokens, generationMs } = story
  const policy = story.decisions.at(-1)?.policy
  const pace = tokensPerSecond(tokens, generationMs)
  return {
    id: story.id,
    startedUnixMs: Math.round(story.startedUnixMs),
    state: stateOf(story),
    method: story.method,
    path: story.path,
    capability: story.capability,
    ...(model === undefined ? {} : { model }),
    ...(caller === undefined ? {} : { caller }),
    ...(policy === undefined ? {} : { policy }),
    ...(routed === undefined ? {} : { to: routed.to }),
    ...(node === undefined ? {} : { node }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    tries: story.tries,
    hedges: story.hedges,
    seams: story.seams,
    queuedMs: tenths(routed?.queuedMs ?? 0),
    ...(firstBytesMs === undefined ? {} : { firstBytesMs: tenths(firstBytesMs) }),
    ...(totalMs === undefined ? {} : { totalMs: tenths(totalMs) }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(pace === undefined ? {} : { tokensPerSecond: tenths(pace) }),
  }
}

export function toExplanation(story: RequestStory): Explanation {
  return {
    ...toSummary(story),
    decisions: story.decisions.map(toDecision),
    timeline: story.timeline.toSorted((left, right) => left.atMs - right.atMs).map(roundTimes),
  }
}

function stateOf({ totalMs, routed }: RequestStory): RequestSummary['state'] {
  if (totalMs !== undefined) return 'ended'
  return routed === undefined ? 'routing' : 'answering'
}

function toDecision({ policy, firstAtMs, lastAtMs, looks, order, others }: Look): Decision {
  return {
    atMs: tenths(firstAtMs),
    policy,
    looks,
    waitedMs: tenths(lastAtMs - firstAtMs),
    candidates: order.map(toCandidate),
    others,
  }
}

function toCandidate({ candidate, score }: Look['order'][number]): ConsideredCandidate {
  const { peerId, name, local, busy, slots, loaded, roundTripMs, prefixShare, standing, upstream } = candidate
  return {
    ...{ peerId, name, local, busy, slots, loaded },
    ...(roundTripMs === undefined ? {} : { roundTripMs: tenths(roundTripMs) }),
    ...(prefixShare === undefined ? {} : { prefixShare: hundredths(prefixShare) }),
    ...(upstream === undefined ? {} : { upstream }),
    ejected: standing.ejected,
    share: hundredths(standing.share),
    ...(score === undefined || !Number.isFinite(score) ? {} : { score: Number(score.toPrecision(4)) }),
  }
}

function roundTimes(step: Explanation['timeline'][number]): Explanation['timeline'][number] {
  const atMs = tenths(step.atMs)
  if (step.type === 'try') return { ...step, atMs, ms: tenths(step.ms) }
  if (step.type === 'hedge') return { ...step, atMs, afterMs: tenths(step.afterMs) }
  return { ...step, atMs, pauseMs: tenths(step.pauseMs) }
}

/** Tokens after the first, over the time they took. */
function tokensPerSecond(tokens: number | undefined, generationMs: number | undefined): number | undefined {
  if (tokens === undefined || tokens < 2 || generationMs === undefined || generationMs <= 0) return undefined
  return ((tokens - 1) * 1000) / generationMs
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
