import { TemplateFault } from './fault.ts'

/** What one rendering may cost. */
export interface TemplateLimits {
  /** Nodes evaluated, rounds of loops, and parts of values written. */
  readonly steps: number
  /** Characters of the output, and of any one text on the way. */
  readonly characters: number
  /** Entries of any one list or map. */
  readonly entries: number
  /** Templates that call each other. */
  readonly depth: number
}

export const DEFAULT_LIMITS: TemplateLimits = {
  steps: 1_000_000,
  characters: 32 * 1024 * 1024,
  entries: 100_000,
  depth: 100,
}

/** Counts what a rendering costs. Its methods throw a TemplateFault when it is too much. */
export interface Budget {
  step(count?: number): void
  text(text: string): string
  /** To be asked before something of this size is made. */
  characters(count: number): void
  entries(count: number): void
  depth(depth: number): void
}

export function createBudget(limits: TemplateLimits): Budget {
  let steps = 0
  function characters(count: number): void {
    if (count > limits.characters) throw new TemplateFault(`a text of more than ${limits.characters} characters`)
  }
  return {
    step(count = 1) {
      steps += count
      if (steps > limits.steps) throw new TemplateFault(`more than ${limits.steps} steps`)
    },
    text(text) {
      characters(text.length)
      return text
    },
    characters,
    entries(count) {
      if (count > limits.entries) throw new TemplateFault(`more than ${limits.entries} entries in one value`)
    },
    depth(depth) {
      if (depth > limits.depth) throw new TemplateFault(`templates call each other more than ${limits.depth} deep`)
    },
  }
}
