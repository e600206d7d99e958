/**
 * A GBNF grammar that has been read: llama.cpp's dialect, without the elements that name tokens instead of characters.
 * A group is a rule without a name.
 */
export interface GbnfGrammar {
  readonly rules: readonly GbnfRule[]
  /** Index in `rules`. */
  readonly root: number
}

export interface GbnfRule {
  /** Undefined for a group. */
  readonly name: string | undefined
  readonly alternatives: readonly GbnfSequence[]
}

export interface GbnfSequence {
  readonly items: readonly GbnfItem[]
  /** For each item the number of its first state: no two states of a grammar (`progress` in `GbnfFrame`) have the same. */
  readonly firstStates: readonly number[]
}

export type GbnfAtom =
  /** At least one code point. */
  | { readonly kind: 'text'; readonly codes: readonly number[] }
  /** Pairs of first and last code point, both included. Negated with no pairs: any character. */
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly number[] }
  | { readonly kind: 'rule'; readonly index: number }

export type GbnfItem =
  | GbnfAtom
  /** `max` is infinite for a repetition without end. `item` is one atom. */
  | { readonly kind: 'repeat'; readonly item: GbnfSequence; readonly min: number; readonly max: number }

/** A place in a sequence: what is left of it begins with `items[index]`, of which `progress` is already there. */
export interface GbnfFrame {
  readonly sequence: GbnfSequence
  readonly index: number
  /** Code points of a text, times of a repetition (for one without end: at most `min`); otherwise 0. */
  readonly progress: number
}
