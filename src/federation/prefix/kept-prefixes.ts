import { NewestSet } from '../../base/newest-map.ts'
import { toldOf } from './chain.ts'

/** What this node tells of the prompts that it served last, for whichever entry it served them. */
export interface KeptPrefixes {
  served(chain: readonly number[]): void
  /** Hashes, newest last. The same array until it is time to tell something else. */
  told(): readonly number[]
}

export interface KeptPrefixesInit {
  readonly maxHashes: number
  /** Others hear of changes no more often. */
  readonly tellEveryMs: number
}

/** At most 1 KiB every two seconds to each member, while there are requests. */
export const KEPT_PREFIXES_DEFAULTS: KeptPrefixesInit = { maxHashes: 256, tellEveryMs: 2000 }

export function createKeptPrefixes({ now }: { readonly now: () => number }, init: KeptPrefixesInit): KeptPrefixes {
  /** In the order of their last use. */
  const hashes = new NewestSet<number>(init.maxHashes)
  let told: readonly number[] = []
  let toldAt = Number.NEGATIVE_INFINITY
  let changed = false
  return {
    served(chain) {
      for (const hash of toldOf(chain)) {
        changed ||= !hashes.has(hash)
        hashes.add(hash)
      }
    },
    told() {
      if (changed && now() - toldAt >= init.tellEveryMs) {
        told = [...hashes]
        toldAt = now()
        changed = false
      }
      return told
    },
  }
}
