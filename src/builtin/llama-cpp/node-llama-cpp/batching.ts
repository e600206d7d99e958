/** A sequence's share of the next pass; node-llama-cpp's BatchItem fits. The priority carries the sequence's index. */
export interface PendingItem {
  readonly tokens: { readonly length: number }
  readonly evaluationPriority: number
}

export interface AllottedItem<T extends PendingItem> {
  readonly item: T
  readonly processAmount: number
}

/** Longest wait for a sequence that does not come: a handful of microtasks each; three are enough when it does. */
const MOST_TURNS = 64

export interface GatherRule {
  /** The sequence is about to queue its next tokens. */
  expect(sequence: number): void
  /** The sequence ended: nobody waits for it. */
  forget(sequence: number): void
  /** node-llama-cpp's `itemPrioritizationStrategy`. An empty answer asks again after some microtasks. */
  choose<T extends PendingItem>(batch: { readonly items: readonly T[]; readonly size: number }): AllottedItem<T>[]
}

/**
 * Makes continuous batching work. node-llama-cpp starts the next pass one microtask before the last sequence is queued
 * again, so N sequences would run as N-1. From `gatherFrom` sequences on, this rule waits some microtasks for those
 * that were in the pass before. One that does not come in time (its reader is slow) is not waited for until it is back.
 *
 * Below `gatherFrom` there is no waiting: on a CPU a pass over two or three tokens costs more than so many single ones.
 */
export function createGatherRule(init: { readonly gatherFrom: number }): GatherRule {
  const expected = new Set<number>()
  let turns = 0
  return {
    expect: (sequence) => void expected.add(sequence),
    forget: (sequence) => void expected.delete(sequence),
    choose({ items, size }) {
      const present = new Set(items.map((item) => item.evaluationPriority))
      const missing = [...expected].filter((sequence) => !present.has(sequence))
      if (missing.length > 0 && expected.size >= init.gatherFrom) {
        if (turns < MOST_TURNS) {
          turns += 1
          return []
        }
        for (const sequence of missing) expected.delete(sequence)
      }
      turns = 0
      return allot(items, size)
    },
  }
}

/**
 * Shares a pass of `size` tokens: whoever wants little gets it whole, the long prompts share the rest evenly, so a
 * long prompt never starves a generation. In rising order of sequence, or llama.cpp splits the pass in several.
 */
export function allot<T extends PendingItem>(items: readonly T[], size: number): AllottedItem<T>[] {
  let left = size
  const shortestFirst = [...items].sort((a, b) => a.tokens.length - b.tokens.length)
  const allotted = shortestFirst.map((item, index) => {
    const processAmount = Math.min(item.tokens.length, Math.floor(left / (shortestFirst.length - index)))
    left -= processAmount
    return { item, processAmount }
  })
  return allotted
    .filter(({ processAmount }) => processAmount > 0)
    .sort((a, b) => a.item.evaluationPriority - b.item.evaluationPriority)
}
