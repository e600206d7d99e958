import { NewestMap } from '../../base/newest-map.ts'
import type { PeerView } from '../../p2p/network.ts'
import { createPrefixIndex, PREFIX_INDEX_DEFAULTS, type PrefixIndexInit } from '../prefix/prefix-index.ts'
import { createProfiler, hasPrompt, type PromptProfile } from '../prefix/prompt-profile.ts'
import type { ServedPrompts } from '../prefix/served-prompts.ts'
import { keyOf, type RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents } from '../routing-events.ts'
import type { Foresight } from './foresight.ts'
import { createObservations, OBSERVATIONS_DEFAULTS, type ObservationsInit } from './observations.ts'
import { sessionOf } from './session-of.ts'

export interface ForesightDeps {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Who is there, with what they tell of their caches. */
  readonly peers: () => readonly PeerView[]
  /** This node: it keeps what it was sent as well. */
  readonly self: string
  /** Hears of the prompts that are served here. Absent: none are. */
  readonly served?: Pick<ServedPrompts, 'served'> | undefined
}

export interface ForesightInit {
  readonly observations: ObservationsInit
  readonly prefixes: PrefixIndexInit
}

export const FORESIGHT_DEFAULTS: ForesightInit = {
  observations: OBSERVATIONS_DEFAULTS,
  prefixes: PREFIX_INDEX_DEFAULTS,
}

const NO_PROMPT: PromptProfile = {
  ...{ chain: [], promptBytes: 0, readableBytes: 0, maxTokens: undefined, streams: false, session: undefined },
}
const BYTES_PER_TOKEN = 4
/** Until an answer of the model was seen. */
const SOME_ANSWER_TOKENS = 256
const MAX_TURNS = 1024

interface Known {
  readonly profile: PromptProfile
  readonly promptTokens: number
  readonly turn: number
  readonly session: string | undefined
}

/** Learns as a listener of the router, and from what the nodes tell of their caches. */
export function createForesight(
  { now, peers, self, served }: ForesightDeps,
  init: ForesightInit,
): Foresight & Partial<RoutingEvents> {
  const observations = createObservations({ now }, init.observations)
  const prefixes = createPrefixIndex({ now }, init.prefixes)
  const profile = createProfiler()
  const known = new WeakMap<RoutedRequest, Known>()
  const turns = new NewestMap<string, number>(MAX_TURNS)
  const heard = new WeakSet<readonly number[]>()
  let looked: readonly PeerView[] | undefined

  function knownOf(request: RoutedRequest): Known {
    const before = known.get(request)
    if (before !== undefined) return before
    const key = keyOf(request)
    const seen = request.body !== undefined && hasPrompt(request) ? profile(request.body, key) : NO_PROMPT
    const fresh: Known = {
      profile: seen,
      promptTokens: seen.readableBytes / BYTES_PER_TOKEN,
      turn: nextTurn(key),
      session: sessionOf(request, seen.session),
    }
    known.set(request, fresh)
    return fresh
  }

  function nextTurn(key: string): number {
    const turn = turns.get(key) ?? 0
    turns.set(key, turn + 1)
    return turn
  }

  /** Only what changed since the last look: the array of the peers is another one then, and so are the lists in it. */
  function listen(): void {
    const present = peers()
    if (present === looked) return
    looked = present
    for (const { record, load } of present) {
      if (load.prefixes === undefined || heard.has(load.prefixes)) continue
      heard.add(load.prefixes)
      prefixes.hear(record.peerId, load.prefixes)
    }
  }

  return {
    questionOf(request) {
      const { promptTokens, profile, turn, session } = knownOf(request)
      const expected = observations.answerTokensOf(keyOf(request)) ?? SOME_ANSWER_TOKENS
      const answerTokens = Math.min(expected, profile.maxTokens ?? expected)
      return { promptTokens, answerTokens, turn, session }
    },
    factsFor(request) {
      listen()
      const { chain, promptBytes } = knownOf(request).profile
      const holders = chain.length === 0 ? undefined : prefixes.holdersOf(chain)
      const key = keyOf(request)
      return (peerId) => ({
        seen: observations.seenOf(peerId, key),
        prefixShare: holders === undefined ? 0 : (holders.get(peerId) ?? 0) / promptBytes,
      })
    },
    placed(request, candidate) {
      const { promptTokens, profile } = knownOf(request)
      observations.sent(request, { candidate, promptTokens, streams: profile.streams })
    },
    tried(request, attempt) {
      observations.tried(request, attempt)
      if (attempt.outcome === 'answered') prefixes.learn(attempt.peerId, knownOf(request).profile.chain)
    },
    routed(request, event) {
      observations.routed(request, event)
      if (event.to !== 'local') return
      const { chain } = knownOf(request).profile
      prefixes.learn(self, chain)
      served?.served(chain)
    },
    finished: observations.finished,
  }
}
