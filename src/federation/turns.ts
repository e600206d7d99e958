import { PRIORITY_WEIGHTS, type Priority } from './priority.ts'

/** Whose turn it is among priorities: each as often as its weight says, and well mixed (nginx's smooth round robin). */
export interface Turns {
  next(waiting: Iterable<Priority>): Priority | undefined
  /** One of `served` was served while requests of all `waiting` ones waited. */
  pass(served: Priority, waiting: Iterable<Priority>): void
}

export function createTurns(): Turns {
  const credits: Record<Priority, number> = { high: 0, normal: 0, low: 0 }
  /** Of equal claims, the more urgent one goes first. */
  const claimOf = (priority: Priority): number => credits[priority] + 1.001 * PRIORITY_WEIGHTS[priority]
  return {
    next(waiting) {
      let first: Priority | undefined
      for (const priority of waiting) {
        if (first === undefined || claimOf(priority) > claimOf(first)) first = priority
      }
      return first
    },
    pass(served, waiting) {
      for (const priority of waiting) {
        credits[priority] += PRIORITY_WEIGHTS[priority]
        credits[served] -= PRIORITY_WEIGHTS[priority]
      }
    },
  }
}
