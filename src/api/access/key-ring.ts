import { createHash, timingSafeEqual } from 'node:crypto'
import { type Caller, fingerprintOf } from '../caller.ts'

/** The keys that open the whole API. Whoever has one is the owner of the node. */
export interface KeyRing {
  /** Whose key it is; undefined: nobody's. */
  find(given: string): Caller | undefined
  isEmpty(): boolean
  /** Sets the keys that count beside the fixed ones: those of the configuration folder and of the runtime settings. */
  replace(keys: readonly string[]): void
}

interface KnownKey {
  readonly hash: Buffer
  readonly caller: Caller
}

/** `fixed` are the keys of the command line and the environment: they stay, whatever else comes and goes. */
export function createKeyRing(fixed: readonly string[]): KeyRing {
  let known = toKnown(fixed)
  return {
    find: (given) => search(known, hashOf(given)),
    isEmpty: () => known.length === 0,
    replace(keys) {
      known = toKnown([...fixed, ...keys])
    },
  }
}

function toKnown(keys: readonly string[]): readonly KnownKey[] {
  const distinct = new Set(keys.map((key) => key.trim()).filter((key) => key !== ''))
  return [...distinct].map((key) => ({ hash: hashOf(key), caller: { id: fingerprintOf(key), role: 'admin' } }))
}

/** Looks at every key, and at hashes of equal length: the time it takes tells nothing of a key. */
function search(known: readonly KnownKey[], given: Buffer): Caller | undefined {
  return known.reduce<Caller | undefined>(
    (found, { hash, caller }) => (timingSafeEqual(hash, given) ? caller : found),
    undefined,
  )
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
