const REPLACEMENT = '\uFFFD'
/** A character has at most four bytes and a token at least one: a fifth token cannot be the missing part. */
const MOST_TOKENS_PER_CHARACTER = 4
/** A token may end one character and begin the next, again and again; more than these are not held back for it. */
const MOST_TOKENS_HELD = 16
/** Tokens before the new ones that tell the tokenizer whether a space belongs between. */
const CONTEXT_TOKENS = 3

/** Turns tokens into text that never ends inside a character. */
export interface TokenText {
  /** The text that this token completes; empty while a character is still missing bytes. */
  push(token: number): string
  /** The tokens so far end inside a character. */
  isInside(): boolean
  /** What can still be shown at the end: whole characters only. */
  finish(): string
}

/** Text of `tokens` where `before` stand in front of them; bytes that make no character become U+FFFD. */
export type Detokenize = (tokens: readonly number[], before: readonly number[]) => string

/**
 * A byte-level token may hold half a character, which shows as U+FFFD at the end of its text. Such a token waits for
 * the next ones; when four together add nothing to what stands before it, the model really wrote broken bytes and they
 * go out.
 */
export function createTokenText(detokenize: Detokenize, start: readonly number[] = []): TokenText {
  let context = start.slice(-CONTEXT_TOKENS)
  let pending: number[] = []
  /** Characters in front of the last one, and the tokens since there were more of them. */
  let before = 0
  let since = 0
  function isCut(text: string): boolean {
    if (!text.endsWith(REPLACEMENT) || pending.length >= MOST_TOKENS_HELD) return false
    since = pending.length > 1 && text.length - 1 === before ? since + 1 : 1
    before = text.length - 1
    return since < MOST_TOKENS_PER_CHARACTER
  }
  return {
    push(token) {
      pending.push(token)
      const text = detokenize(pending, context)
      if (isCut(text)) return ''
      context = [...context, ...pending].slice(-CONTEXT_TOKENS)
      pending = []
      return text
    },
    isInside: () => pending.length > 0,
    finish() {
      if (pending.length === 0) return ''
      const text = detokenize(pending, context)
      pending = []
      return text.replace(/\uFFFD+$/u, '')
    },
  }
}
