import { NewestMap } from '../../base/newest-map.ts'
import { EDGES } from './chain.ts'

/** Which nodes are thought to keep which beginnings of prompts computed: a hint, never more. */
export interface PrefixIndex {
  /** The node has just worked through this prompt. */
  learn(peerId: string, chain: readonly number[]): void
  /** The node tells that it keeps these. */
  hear(peerId: string, told: readonly number[]): void
  /** How many bytes of the prompt's text each node keeps; without those that keep nothing. */
  holdersOf(chain: readonly number[]): ReadonlyMap<string, number>
}

export interface PrefixIndexInit {
  readonly maxHashes: number
  /** Nodes remembered for one hash. */
  readonly maxHolders: number
  readonly forgetAfterMs: number
  /** So many other prompts later a node has thrown it away. */
  readonly promptsKept: number
}

export const PREFIX_INDEX_DEFAULTS: PrefixIndexInit = {
  maxHashes: 32_768,
  maxHolders: 16,
  forgetAfterMs: 600_000,
  promptsKept: 64,
}

interface Held {
  readonly peerId: string
  at: number
  /** How many prompts the node had been given by then. */
  turn: number
}

const MAX_NODES = 4096

export function createPrefixIndex({ now }: { readonly now: () => number }, init: PrefixIndexInit): PrefixIndex {
  /** The hash that was used longest ago first. */
  const holders = new NewestMap<number, Held[]>(init.maxHashes)
  /** How many prompts each node was given. */
  const turns = new NewestMap<string, number>(MAX_NODES)

  function note(hash: number, peerId: string, turn: number): void {
    const known = holders.get(hash) ?? []
    const own = known.find((held) => held.peerId === peerId)
    if (own === undefined) {
      if (known.length >= init.maxHolders) known.shift()
      known.push({ peerId, at: now(), turn })
    } else {
      own.at = now()
      own.turn = Math.max(own.turn, turn)
    }
    holders.set(hash, known)
  }

  function isKept({ peerId, at, turn }: Held): boolean {
    return now() - at < init.forgetAfterMs && (turns.get(peerId) ?? 0) - turn < init.promptsKept
  }

  return {
    learn(peerId, chain) {
      const turn = (turns.get(peerId) ?? 0) + 1
      turns.set(peerId, turn)
      for (const hash of chain) note(hash, peerId, turn)
    },
    hear(peerId, told) {
      const turn = turns.get(peerId) ?? 0
      for (const hash of told) note(hash, peerId, turn)
    },
    holdersOf(chain) {
      const found = new Map<string, number>()
      for (let at = chain.length - 1; at >= 0; at -= 1) {
        for (const held of holders.get(chain[at] ?? 0) ?? []) {
          if (!found.has(held.peerId) && isKept(held)) found.set(held.peerId, EDGES[at] ?? 0)
        }
      }
      return found
    },
  }
}
