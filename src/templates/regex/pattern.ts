import { type Matcher, RE2JS } from 're2js'
import { AppError } from '../../base/errors.ts'
import { expandReplacement } from './expand-replacement.ts'

export interface PatternMatch {
  /** Where it begins in the text. */
  readonly index: number
  readonly text: string
  /** From 1 on; undefined for a group that took no part. */
  readonly groups: readonly (string | undefined)[]
  readonly named: Readonly<Record<string, string | undefined>>
}

/**
 * A regular expression from a configuration, in Go's syntax (RE2: https://github.com/google/re2/wiki/Syntax). It runs on
 * what a model wrote, so each use is bounded in text and in matches, and the engine takes time that grows with the
 * text and never goes back and forth.
 */
export interface Pattern {
  readonly source: string
  first(text: string): PatternMatch | undefined
  all(text: string): readonly PatternMatch[]
  /** `$1`, `${1}`, `$name` and `${name}` in the replacement stand for groups, as in Go; `$$` is `$`. */
  replaceAll(text: string, replacement: string): string
}

const LONGEST_PATTERN = 4096
const LONGEST_TEXT = 1024 * 1024
const MOST_MATCHES = 10_000

/** Compiles a pattern. Throws `model.config-invalid` for what is none in Go either. */
export function compilePattern(source: string): Pattern {
  const expression = compile(source)

  function* search(text: string): Generator<PatternMatch> {
    if (text.length > LONGEST_TEXT) throw failed(source, `is not tried on more than ${LONGEST_TEXT} characters`)
    const matcher = expression.matcher(text)
    for (let found = 0; found < MOST_MATCHES && matcher.find(); found += 1) yield toMatch(matcher, expression)
  }

  return {
    source,
    first: (text) => search(text).next().value ?? undefined,
    all: (text) => [...search(text)],
    replaceAll(text, replacement) {
      let replaced = ''
      let from = 0
      for (const match of search(text)) {
        replaced += text.slice(from, match.index) + expandReplacement(replacement, match)
        if (replaced.length > LONGEST_TEXT * 4) throw failed(source, 'makes the text too long')
        from = match.index + match.text.length
      }
      return replaced + text.slice(from)
    },
  }
}

function toMatch(matcher: Matcher, expression: RE2JS): PatternMatch {
  const group = (number: number): string | undefined => matcher.group(number) ?? undefined
  const groups = Array.from({ length: matcher.groupCount() }, (_, at) => group(at + 1))
  const named = Object.entries(expression.namedGroups()).map(([name, number]) => [name, group(number)] as const)
  return { index: matcher.start(), text: group(0) ?? '', groups, named: Object.fromEntries(named) }
}

function compile(source: string): RE2JS {
  if (source.length > LONGEST_PATTERN) throw failed('…', `has more than ${LONGEST_PATTERN} characters`)
  try {
    return RE2JS.compile(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    throw failed(source, `cannot be read: ${reason}`, error)
  }
}

function failed(source: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    'model.config-invalid',
    `the regular expression ${JSON.stringify(source.slice(0, 100))} ${reason}`,
    {
      cause,
    },
  )
}
