/** How fast one node gave its part of an answer. */
export interface OwnPace {
  readonly tokens: number
  /** From the first of them to the last. */
  readonly ms: number
}

/** A client that takes its time keeps the node waiting: from here on that is told from the cost of writing to it. */
const LONG_HOLD_MS = 20
/** Of the time of a node's tokens; with more of it spent on waiting for the client, they tell nothing of the node. */
const MOST_HELD = 0.25

/** When the tokens of an answer came, and what that says of the node that works on it now. */
export interface Rhythm {
  /** Whether a token was told. */
  readonly begun: boolean
  /** From the first token to the last sign. */
  readonly generationMs: number
  readonly silentMs: number
  /** The client comes for more. */
  pulled(): void
  /** The client has what there was. */
  handed(): void
  /** Something new has come. */
  sign(): void
  /** The same, unless there was something before. */
  firstSign(): void
  /** So many tokens more. Gives the time since the last sign; undefined where the client, too, has let it wait. */
  tokens(count: number): number | undefined
  /** What comes from now on is of another node. */
  otherNode(): void
  /** Of the node that works on it now; undefined when there is nothing to tell. */
  ownPace(): OwnPace | undefined
}

/** HOT PATH (bench/forward.ts): several times for each token of a stream. `now`: milliseconds since some moment. */
export function createRhythm({ now }: { readonly now: () => number }): Rhythm {
  return new AnswerRhythm(now)
}

class AnswerRhythm implements Rhythm {
  readonly #now: () => number
  #firstTokenAt: number | undefined
  #lastSignAt = 0
  #ownFirstAt: number | undefined
  #ownTokens = 0
  #ownHeldMs = 0
  #handedAt: number | undefined
  /** Since the last sign. */
  #wasHeld = false

  constructor(now: () => number) {
    this.#now = now
  }

  get begun(): boolean {
    return this.#firstTokenAt !== undefined
  }

  get generationMs(): number {
    return this.#firstTokenAt === undefined ? 0 : this.#lastSignAt - this.#firstTokenAt
  }

  get silentMs(): number {
    return this.#now() - this.#lastSignAt
  }

  pulled(): void {
    if (this.#handedAt === undefined) return
    const heldMs = this.#now() - this.#handedAt
    this.#handedAt = undefined
    if (heldMs < LONG_HOLD_MS) return
    this.#wasHeld = true
    this.#ownHeldMs += heldMs
  }

  handed(): void {
    this.#handedAt = this.#now()
  }

  firstSign(): void {
    if (this.#lastSignAt === 0) this.sign()
  }

  sign(): void {
    this.#lastSignAt = this.#now()
    this.#wasHeld = false
  }

  tokens(count: number): number | undefined {
    const now = this.#now()
    const gapMs = this.#firstTokenAt === undefined || this.#wasHeld ? undefined : now - this.#lastSignAt
    this.#firstTokenAt ??= now
    if (this.#ownFirstAt === undefined) {
      this.#ownFirstAt = now
      this.#ownHeldMs = 0
    }
    this.#ownTokens += count
    return gapMs
  }

  otherNode(): void {
    this.#ownFirstAt = undefined
    this.#ownTokens = 0
  }

  ownPace(): OwnPace | undefined {
    if (this.#ownFirstAt === undefined) return undefined
    const ms = this.#lastSignAt - this.#ownFirstAt
    return this.#ownHeldMs > MOST_HELD * ms ? undefined : { tokens: this.#ownTokens, ms }
  }
}
