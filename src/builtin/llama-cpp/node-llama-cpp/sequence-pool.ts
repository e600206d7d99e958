import { AppError } from '../../../base/errors.ts'
import type { AbortOptions } from '../../../base/signals.ts'

/** What a slot remembers: how many of these tokens it has evaluated already, from the first on. */
export interface CachedSequence {
  compareContextTokens(tokens: readonly number[]): { readonly firstDifferentIndex: number }
}

export interface SequenceSlot<T extends CachedSequence> {
  readonly index: number
  readonly sequence: T
}

export interface SequencePool<T extends CachedSequence> {
  /** A free sequence, preferably one that remembers the beginning of `tokens`. First come, first served. */
  acquire(tokens: readonly number[], options?: AbortOptions): Promise<SequenceSlot<T>>
  release(slot: SequenceSlot<T>): void
  readonly busy: number
  readonly waiting: number
}

interface Waiter<T extends CachedSequence> {
  readonly give: (slot: SequenceSlot<T>) => void
}

/** A common beginning shorter than this share of the prompt is not worth another conversation's cache. */
const LEAST_USEFUL_SHARE = 0.1

export function createSequencePool<T extends CachedSequence>(
  sequences: readonly T[],
  init: { readonly maxWaiting: number },
): SequencePool<T> {
  // Least recently used first.
  const idle: SequenceSlot<T>[] = sequences.map((sequence, index) => ({ index, sequence }))
  const waiters = new Set<Waiter<T>>()
  return {
    async acquire(tokens, options = {}) {
      options.signal?.throwIfAborted()
      const slot = takeBest(idle, tokens)
      if (slot !== undefined) return slot
      if (waiters.size >= init.maxWaiting) {
        throw new AppError('node.overloaded', `${waiters.size} requests are waiting for this model already`)
      }
      return await waitForSlot(waiters, options.signal)
    },
    release(slot) {
      const next = waiters.values().next().value
      if (next === undefined) {
        idle.push(slot)
        return
      }
      waiters.delete(next)
      next.give(slot)
    },
    get busy() {
      return sequences.length - idle.length
    },
    get waiting() {
      return waiters.size
    },
  }
}

async function waitForSlot<T extends CachedSequence>(
  waiters: Set<Waiter<T>>,
  signal: AbortSignal | undefined,
): Promise<SequenceSlot<T>> {
  return await new Promise((resolve, reject) => {
    const waiter: Waiter<T> = {
      give: (slot) => {
        signal?.removeEventListener('abort', leave)
        resolve(slot)
      },
    }
    const leave = (): void => {
      waiters.delete(waiter)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', leave, { once: true })
    waiters.add(waiter)
  })
}

function takeBest<T extends CachedSequence>(
  idle: SequenceSlot<T>[],
  tokens: readonly number[],
): SequenceSlot<T> | undefined {
  let best = 0
  let bestPrefix = tokens.length * LEAST_USEFUL_SHARE
  for (const [position, slot] of idle.entries()) {
    const prefix = slot.sequence.compareContextTokens(tokens).firstDifferentIndex
    if (prefix > bestPrefix) {
      best = position
      bestPrefix = prefix
    }
  }
  return idle.splice(best, 1)[0]
}
