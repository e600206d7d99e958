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
  return new Likeness()
}

class Likeness implements KnownLikeness {
  #current: string | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  get current(): string | undefined {
    return this.#current
  }

  set(likeness: string | undefined): void {
    this.#current = likeness
  }

  learn(now: number, ask: () => string | undefined): void {
    if (this.#current !== undefined || now - this.#askedAt < AGAIN_MS) return
    this.#askedAt = now
    this.#current = ask()
  }
}
