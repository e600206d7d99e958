/** What an answer says, without what may differ between two that are equal: ids, times, what was in a cache. */
export interface Answer {
  /** By what it is (`text`, `call 0 report`), in the order in which each began. */
  readonly parts: Readonly<Record<string, string>>
  /** In the words of the dialect; empty when it never came. */
  readonly finish: string
  readonly usage: Usage | undefined
}

export interface Usage {
  readonly prompt: number
  readonly generated: number
}

/** What was read of the bytes of one answer, however far they went. */
export interface Reading {
  readonly answer: Answer
  /** True when the dialect's own end was there. */
  readonly isWhole: boolean
  /** The error that the answer itself tells. */
  readonly failure: string | undefined
  /** Each a rule of the dialect that was broken. */
  readonly damages: readonly string[]
}

/** Collects the parts of an answer while they come. */
export interface Parts {
  add(name: string, text: string): void
  has(name: string): boolean
  get(name: string): string
  readonly all: Readonly<Record<string, string>>
}

export function createParts(): Parts {
  const all: Record<string, string> = {}
  return {
    all,
    add(name, text) {
      all[name] = (all[name] ?? '') + text
    },
    has: (name) => Object.hasOwn(all, name),
    get: (name) => all[name] ?? '',
  }
}
