/** Of an answer that comes whole: a vector or a ranking. */
export const WORK_LIMITS = { maxBytes: 16 * 1024 * 1024, timeoutMs: 600_000 } as const

/** Of an answer that costs no computing. */
export const QUICK_LIMITS = { maxBytes: 64 * 1024 * 1024, timeoutMs: 10_000 } as const
