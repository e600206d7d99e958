import { USUAL_CROWDING } from '../observed/crowding.ts'
import type { Candidate, Question } from './choose.ts'

/** What is assumed of a node of which something is not known: what the others are like. */
export interface Usual {
  readonly promptTokenMs: number
  /** Undefined when nobody tells of tokens: embeddings, pictures. */
  readonly tokenMs: number | undefined
  readonly requestMs: number | undefined
}

export interface Prediction {
  readonly firstTokenMs: number
  readonly endMs: number
}

/** Of a small model on a processor, in the middle of what is found. */
const SOME_NODE = { promptTokenMs: 2, tokenMs: 40 }
/** What a node says of itself counts as much as so many requests that were seen. */
const ADVERT_WEIGHT = 2
/** Nobody is believed to be so much faster or slower than the others before it was seen. */
const MOST_DIFFERENT = 64
/** Reading a model's file, and starting its process. */
const LOAD = { bytesPerMs: 400_000, startMs: 2000, unknownMs: 10_000 }
const UNKNOWN_ROUND_TRIP_MS = 50

/** What the candidates have in common: the medians of what is known of them. */
export function usualOf(candidates: readonly Candidate[]): Usual {
  const requestMs = medianOf(candidates, ({ seen }) => seen?.requestMs)
  return {
    promptTokenMs:
      medianOf(candidates, (one) => one.seen?.promptTokenMs ?? perToken(one.promptTokensPerSecond)) ??
      SOME_NODE.promptTokenMs,
    tokenMs: medianOf(candidates, (one) => one.seen?.tokenMs ?? perToken(one.generationTokensPerSecond)),
    requestMs,
  }
}

/** When the first token and the last would be there if the request went to this node now. */
export function predict(candidate: Candidate, question: Question, usual: Usual): Prediction {
  const { busy, slots, seen, loaded, prefixShare = 0, roundTripMs = UNKNOWN_ROUND_TRIP_MS } = candidate
  const running = Math.min(busy + 1, slots)
  const promptTokenMs = blend(
    seen?.promptTokenMs,
    perToken(candidate.promptTokensPerSecond),
    usual.promptTokenMs,
    seen?.weight,
  )
  const promptMs = question.promptTokens * (1 - prefixShare) * promptTokenMs
  const crowd = 1 + (seen?.crowding ?? USUAL_CROWDING) * (running - 1)
  const generationMs = crowd * aloneMs(candidate, question, usual)
  const ahead = Math.max(0, busy - slots + 1)
  const waitMs = (ahead / slots) * (seen?.requestMs ?? promptMs + generationMs)
  const loadMs = loaded ? 0 : (seen?.loadMs ?? loadMsOf(candidate))
  const firstTokenMs = roundTripMs + loadMs + waitMs + (seen?.overdueMs ?? 0) + promptMs
  return { firstTokenMs, endMs: firstTokenMs + generationMs }
}

/** From the first token to the last, with nobody beside. */
function aloneMs({ seen, generationTokensPerSecond }: Candidate, { answerTokens }: Question, usual: Usual): number {
  // Where nobody counts tokens, all that is known is how long requests take.
  const requestMs = usual.tokenMs === undefined ? (seen?.requestMs ?? usual.requestMs) : undefined
  if (requestMs !== undefined) return requestMs
  const usualMs = usual.tokenMs ?? SOME_NODE.tokenMs
  return answerTokens * blend(seen?.tokenMs, perToken(generationTokensPerSecond), usualMs, seen?.weight)
}

/** Between what was seen and what is claimed, by how much was seen. */
function blend(
  seen: number | undefined,
  claimed: number | undefined,
  ...[usual, weight = 0]: [usual: number, weight: number | undefined]
): number {
  const prior = Math.min(usual * MOST_DIFFERENT, Math.max(usual / MOST_DIFFERENT, claimed ?? usual))
  if (seen === undefined) return prior
  return (seen * weight + prior * ADVERT_WEIGHT) / (weight + ADVERT_WEIGHT)
}

function loadMsOf({ fileSizeBytes }: Candidate): number {
  return fileSizeBytes === undefined ? LOAD.unknownMs : LOAD.startMs + fileSizeBytes / LOAD.bytesPerMs
}

function perToken(tokensPerSecond: number | undefined): number | undefined {
  return tokensPerSecond === undefined || tokensPerSecond <= 0 ? undefined : 1000 / tokensPerSecond
}

function medianOf(
  candidates: readonly Candidate[],
  figureOf: (candidate: Candidate) => number | undefined,
): number | undefined {
  const known: number[] = []
  for (const candidate of candidates) {
    const value = figureOf(candidate)
    if (value !== undefined) known.push(value)
  }
  return known.sort((left, right) => left - right)[known.length >> 1]
}
