/** Answers that a server gives at the same time, where it does not say. */
export interface LearnedSlots {
  readonly slots: number
}

export const FIRST_SLOTS = 8
const MOST_SLOTS = 256

/**
 * One answer tells: a request that was done while as many ran as were thought possible makes room for one more, and one that
 * the server had no room for halves it, as congestion control does (Chiu and Jain 1989). Pure.
 */
export function learnSlots(
  { slots }: LearnedSlots,
  told: { readonly outcome: 'answered' | 'full'; readonly running: number },
): LearnedSlots {
  if (told.outcome === 'full') return { slots: Math.max(1, Math.floor(Math.min(slots, told.running) / 2)) }
  return { slots: told.running < slots ? slots : Math.min(MOST_SLOTS, slots + 1) }
}
