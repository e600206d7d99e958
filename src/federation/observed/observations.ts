import { NewestMap } from '../../base/newest-map.ts'
import type { Candidate } from '../policies/choose.ts'
import { keyOf, type RoutedRequest } from '../routed-request.ts'
import type { RequestFinished, RoutingEvents } from '../routing-events.ts'
import { type Average, average } from './average.ts'
import { addPoint } from './crowding.ts'
import {
  createPairTable,
  fadedWeight,
  grow,
  newestWeight,
  noteAverage,
  type Pair,
  type Silent,
  toSeen,
} from './pair-table.ts'
import type { Seen } from './seen.ts'

/** What is known of a request when it is sent. */
export interface Sent {
  readonly candidate: Candidate
  readonly promptTokens: number
  readonly streams: boolean
}

/** What an entry has seen the nodes do: averages by node and model, bounded, fading. */
export interface Observations extends Pick<RoutingEvents, 'tried' | 'routed' | 'finished'> {
  seenOf(peerId: string, model: string): Seen | undefined
  /** Tokens that an answer of the model has, on average. */
  answerTokensOf(model: string): number | undefined
  sent(request: RoutedRequest, sent: Sent): void
}

export interface ObservationsInit {
  /** Pairs of a node and a model. */
  readonly maxPairs: number
  readonly maxModels: number
  /** After so long without news, what was seen counts half. */
  readonly halfLifeMs: number
}

export const OBSERVATIONS_DEFAULTS: ObservationsInit = { maxPairs: 8192, maxModels: 1024, halfLifeMs: 60_000 }

/** Fewer tokens say more about the start of an answer than about its speed. */
const ENOUGH_TOKENS = 8
const ENOUGH_PROMPT_TOKENS = 32

interface Flight extends Sent, Silent {
  readonly pair: Pair
}

export function createObservations({ now }: { readonly now: () => number }, init: ObservationsInit): Observations {
  const { halfLifeMs, maxModels } = init
  const pairs = createPairTable({ now }, init)
  const answers = new NewestMap<string, Average>(maxModels)
  const flights = new WeakMap<RoutedRequest, Flight[]>()

  function flightOf(request: RoutedRequest, peerId: string): Flight | undefined {
    return flights.get(request)?.findLast(({ candidate }) => candidate.peerId === peerId)
  }

  function endSilence(request: RoutedRequest): void {
    for (const flight of flights.get(request) ?? []) flight.pair.silent.delete(flight)
  }

  return {
    seenOf(peerId, model) {
      const pair = pairs.get(peerId, model)
      return pair === undefined ? undefined : toSeen(pair, now(), halfLifeMs)
    },
    answerTokensOf: (model) => answers.get(model)?.mean,
    sent(request, sent) {
      // What is served here ends without a word to the router.
      if (sent.candidate.local) return
      const flight: Flight = { ...sent, since: now(), pair: pairs.getOrAdd(sent.candidate.peerId, keyOf(request)) }
      const before = flights.get(request)
      if (before === undefined) flights.set(request, [flight])
      else before.push(flight)
      flight.pair.silent.add(flight)
    },
    tried(request, { peerId, outcome }) {
      const flight = flightOf(request, peerId)
      if (flight === undefined) return
      flight.pair.silent.delete(flight)
      const ms = now() - flight.since
      if (outcome !== 'answered') return
      if (flight.candidate.loaded) noteFirstBytes(flight, ms, grow(flight.pair, now(), halfLifeMs))
      else noteLoad(flight, ms)
    },
    routed(request, { to }) {
      endSilence(request)
      if (to !== 'remote') flights.delete(request)
    },
    finished(request, event) {
      const flight = flightOf(request, event.peerId)
      endSilence(request)
      flights.delete(request)
      if (flight === undefined || event.outcome !== 'answered' || event.status >= 400) return
      const weight = newestWeight(fadedWeight(flight.pair, now(), halfLifeMs))
      noteEnd(flight, event, { ms: now() - flight.since, weight })
      if (event.tokens > 0) noteAverage(answers, keyOf(request), event.tokens)
    },
  }
}

function noteLoad({ pair, streams }: Flight, ms: number): void {
  const usualMs = pair.firstBytes[streams ? 'stream' : 'whole'].mean ?? 0
  pair.loads = average(pair.loads, Math.max(0, ms - usualMs), 0.5)
}

function noteFirstBytes({ pair, candidate, streams, promptTokens }: Flight, ms: number, weight: number): void {
  const kind = streams ? 'stream' : 'whole'
  pair.firstBytes[kind] = average(pair.firstBytes[kind], ms, weight)
  const computed = promptTokens * (1 - (candidate.prefixShare ?? 0))
  if (!streams || candidate.busy >= candidate.slots || computed < ENOUGH_PROMPT_TOKENS) return
  const promptMs = Math.max(0, ms - (candidate.roundTripMs ?? 0))
  pair.prompts = average(pair.prompts, promptMs / computed, weight)
}

function noteEnd(
  { pair, candidate: { busy, slots, loaded } }: Flight,
  { tokens, pace }: RequestFinished,
  { ms, weight }: { readonly ms: number; readonly weight: number },
): void {
  // Of an answer that others have a part in, or that the client was slow to take, the time tells nothing of the node.
  const own = tokens === 0 || pace?.tokens === tokens
  if (own && loaded && busy < slots) pair.requests = average(pair.requests, ms, weight)
  if (pace === undefined || pace.tokens < ENOUGH_TOKENS || pace.ms <= 0) return
  const point = { others: Math.min(busy, slots - 1), ms: pace.ms / (pace.tokens - 1) }
  pair.crowding = addPoint(pair.crowding, point, weight)
}
