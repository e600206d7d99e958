import { createHash } from 'node:crypto'
import { NewestMap } from '../../base/newest-map.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Network, PeerView } from '../../p2p/network.ts'
import type { FetchWeights } from '../worker-stream.ts'
import { MAX_PIECES_AT_ONCE } from './lease-words.ts'

const MAX_PEERS = 3
/** So many pieces in a row that a peer has not: it has not got the model. */
const MAX_MISSES = 8
/** And so long it is not asked again. */
const GIVEN_UP_MS = 60_000
const MAX_PEERS_KNOWN = 256
const FAR_MS = 1e9

export interface FetchWeightsDeps {
  readonly network: Pick<Network, 'peers'>
  /** Throws when there is no whole answer in time. */
  readonly call: (
    peerId: string,
    call: { readonly method: 'GET'; readonly path: string },
    options?: AbortOptions,
  ) => Promise<{ readonly status: number; readonly body: Buffer }>
  /** Milliseconds of any clock. */
  readonly now: () => number
}

export interface FetchWeightsInit {
  readonly group: string
  readonly build: () => string | undefined
}

interface PeerTrust {
  misses: number
  givenUpUntil: number
  asking: number
  /** Those that want to ask it next. */
  readonly waiting: (() => void)[]
}

/**
 * Pieces of weights from members other than the user: they may have the model, or have kept its pieces of an earlier load,
 * and are nearer than the user, or less busy. Undefined when none of the nearest has the piece. What comes is what the hash
 * says.
 */
export function createFetchWeights(
  { network, call, now }: FetchWeightsDeps,
  { group, build }: FetchWeightsInit,
): (user: string) => FetchWeights {
  const trust = new NewestMap<string, PeerTrust>(MAX_PEERS_KNOWN)

  function trustOf(peerId: string): PeerTrust {
    const known = trust.get(peerId)
    if (known !== undefined) return known
    const fresh: PeerTrust = { misses: 0, givenUpUntil: Number.NEGATIVE_INFINITY, asking: 0, waiting: [] }
    trust.set(peerId, fresh)
    return fresh
  }

  function candidates(user: string): readonly string[] {
    return network
      .peers()
      .filter(
        (peer) => peer.record.peerId !== user && mayHave(peer) && trustOf(peer.record.peerId).givenUpUntil <= now(),
      )
      .sort((one, other) => (one.roundTripMs ?? FAR_MS) - (other.roundTripMs ?? FAR_MS))
      .slice(0, MAX_PEERS)
      .map(({ record }) => record.peerId)
  }

  function mayHave({ state, record: { offer } }: PeerView): boolean {
    const keepsPieces = offer.lends !== undefined && offer.lends.build === build()
    return state === 'linked' && offer.group === group && (keepsPieces || offer.models.length > 0)
  }

  function missed(peerId: string): void {
    const one = trustOf(peerId)
    one.misses += 1
    if (one.misses < MAX_MISSES) return
    one.misses = 0
    one.givenUpUntil = now() + GIVEN_UP_MS
  }

  /** More at the same time it would refuse. */
  async function inTurn<T>(peer: PeerTrust, work: () => Promise<T>): Promise<T> {
    while (peer.asking >= MAX_PIECES_AT_ONCE) await new Promise<void>((resolve) => peer.waiting.push(resolve))
    peer.asking += 1
    try {
      return await work()
    } finally {
      peer.asking -= 1
      peer.waiting.shift()?.()
    }
  }

  return (user) =>
    async (hash, { tensor, offset, length }, options) => {
      const query = new URLSearchParams({ tensor, offset: String(offset), length: String(length) })
      const path = `/p2p/weights/${hash}?${query}`
      for (const peerId of candidates(user)) {
        try {
          const { status, body } = await inTurn(
            trustOf(peerId),
            async () => await call(peerId, { method: 'GET', path }, options),
          )
          if (status === 200 && createHash('sha256').update(body).digest('hex') === hash) {
            trustOf(peerId).misses = 0
            return body
          }
          missed(peerId)
        } catch {
          options.signal?.throwIfAborted()
          missed(peerId)
        }
      }
      return undefined
    }
}
