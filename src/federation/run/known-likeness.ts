/** How often it is asked for again. */
const AGAIN_MS = 100

/** What the model of the node that answers is like. A node that has just started has not read its file yet, and tells later. */
export interface KnownLikeness {
  readonly current: string | undefined
  set(likeness: string | undefined): void
  /** Asks for it again, when it is time, while it is not known. */
  learn(now: number, ask: () => string | undefined): void
}

export function createKnownLikeness(): KnownLikeness {
  let current: string | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  return {
    get current() {
      return current
    },
    set(likeness) {
      current = likeness
    },
    learn(now, ask) {
      if (current !== undefined || now - askedAt < AGAIN_MS) return
      askedAt = now
      current = ask()
    },
  }
}
