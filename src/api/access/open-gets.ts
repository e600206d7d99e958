import { AppError } from '../../base/errors.ts'

/** Longer paths fit no pattern: how long it takes to try one is bounded by this and by what a pattern may repeat. */
const MAX_PATH = 160
const MAX_PATTERN = 256
const MAX_REPETITIONS = 3
const MAX_CHOICES = 16

/**
 * Whether a path may be read without a key. The patterns are regular expressions of a kind that no path keeps busy for
 * long: few repetitions, none of something that repeats or chooses itself, no references back. Throws `config.invalid`.
 */
export function createOpenGets(patterns: readonly string[]): (method: string, url: string) => boolean {
  const expressions = patterns.map(toExpression)
  return (method, url) => {
    if (method !== 'GET' && method !== 'HEAD') return false
    const path = pathOf(url)
    return path.length <= MAX_PATH && expressions.some((expression) => expression.test(path))
  }
}

/** What the router looks at, of `http://host/path` too: a pattern without anchors must not find its words beside that. */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#][\s\S]*$/, '')
}

function toExpression(pattern: string): RegExp {
  const problem = problemOf(pattern)
  if (problem !== undefined) throw refused(pattern, problem)
  try {
    return new RegExp(pattern)
  } catch {
    throw refused(pattern, 'is no regular expression')
  }
}

function refused(pattern: string, problem: string): AppError {
  return new AppError('config.invalid', `--http-get-exempted-endpoints: "${pattern.slice(0, 80)}" ${problem}`)
}

/** Escapes and classes are one letter each, whatever is in them; `#` is needed for a mark below. */
const LETTER = /\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|#/g

function problemOf(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `is longer than ${MAX_PATTERN} characters`
  if (/\\(?:[1-9]|k)/.test(pattern)) return 'refers back'
  if (pattern.includes('(?')) return 'has a group of a special kind'
  const letters = pattern.replaceAll(LETTER, 'a')
  // Without an anchor the whole is tried from every place.
  const repetitions = letters.split(/[*+?]|\{\d*,?\d*\}/).length - (letters.startsWith('^') ? 1 : 0)
  if (repetitions > MAX_REPETITIONS) return `repeats more than ${MAX_REPETITIONS} times`
  if (letters.split('|').length - 1 > MAX_CHOICES) return `has more than ${MAX_CHOICES} choices`
  return repeatsInside(letters) ? 'repeats something that repeats or chooses itself' : undefined
}

/** Takes groups away from the inside out, leaving a mark where one had a repetition or a choice in it. */
function repeatsInside(letters: string): boolean {
  const inner = /\(([^()]*)\)/g
  let rest = letters
  let before = ''
  while (before !== rest) {
    before = rest
    rest = rest.replace(inner, (_group, content: string) => (/[*+?{|#]/.test(content) ? '#' : 'a'))
    if (/#[*+{]/.test(rest)) return true
  }
  return false
}
