/** How urgent a request is, as its client says. */
export type Priority = 'high' | 'normal' | 'low'

/**
 * Of 13 places that become free while requests of all priorities wait, so many go to each: who says that everything is
 * urgent gets more of what is left, and nobody nothing. That is why a client is believed.
 */
export const PRIORITY_WEIGHTS: Readonly<Record<Priority, number>> = { high: 9, normal: 3, low: 1 }
