/** Node takes a longer time for one millisecond: 24 days and 20 hours. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1
