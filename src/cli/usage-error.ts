import { closest, distance } from 'fastest-levenshtein'

/** The exit status of every mistake on the command line, as in LocalAI. */
export const USAGE_EXIT_CODE = 80

/** Names are shorter; keys and tokens are not. */
const LONGEST_NAME = 40

/** A known word that is probably meant: a third of its letters differ at most, or two of them have changed places. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const candidate = closest(word, known)
  const swapped = [...word].sort().join() === [...candidate].sort().join()
  const near = distance(word, candidate) <= Math.max(swapped ? 2 : 1, Math.floor(candidate.length / 3))
  return near ? candidate : undefined
}

export function withSuggestion(sentence: string, suggestion: string | undefined): string {
  return suggestion === undefined ? sentence : `${sentence}, did you mean "${suggestion}"?`
}

/** A word in a complaint. It may be a secret in the wrong place: what is shaped like one, or holds one, is not repeated. */
export function shownWord(word: string): string {
  if (URL.canParse(word)) {
    const { username, password } = new URL(word)
    if (username !== '' || password !== '') return '(a URL with credentials)'
  }
  const looksLikeKey = /^(sk|hf|key|token)[-_]/i.test(word) || (word.length > LONGEST_NAME && !/[/\\\s]/.test(word))
  return looksLikeKey ? `(a word of ${word.length} characters)` : word
}
