import vm from 'node:vm'
import { AppError } from '../../base/errors.ts'
import { expandReplacement } from './expand-replacement.ts'
import { translatePattern } from './translate-pattern.ts'

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
 * what a model wrote, so each use is bounded: in text (`longestText`), in matches, and in time. The time is watched by the
 * engine itself, which ends a search that goes back and forth; that use then throws `model.config-invalid`.
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
/** Of the wall clock: an honest search takes a millisecond, and on a machine that is busy with other things much longer. */
const TIMEOUT_MS = 1000

/** The only code that runs in there; pattern and text are data to it. */
const SEARCH = new vm.Script(`
  found = [];
  pattern.lastIndex = 0;
  for (let match; found.length < most && (match = pattern.exec(text)) !== null; ) {
    found.push({ index: match.index, all: [...match], named: { ...match.groups } });
    if (match[0] === '') pattern.lastIndex += text.codePointAt(pattern.lastIndex) > 0xffff ? 2 : 1;
  }
`)

interface Sandbox {
  pattern: RegExp
  text: string
  most: number
  found: readonly {
    readonly index: number
    readonly all: readonly (string | undefined)[]
    readonly named: Readonly<Record<string, string | undefined>>
  }[]
}

/** Making one takes a millisecond and holds a megabyte, and a search leaves nothing in it: once per process, at first use. */
let sandbox: Sandbox | undefined

/** Compiles a pattern. Throws `model.config-invalid` for what is none in Go either. */
export function compilePattern(source: string): Pattern {
  const expression = toExpression(source)

  function search(text: string, most: number): readonly PatternMatch[] {
    if (text.length > LONGEST_TEXT) throw failed(source, `is not tried on more than ${LONGEST_TEXT} characters`)
    sandbox ??= vm.createContext({ pattern: expression, text: '', most, found: [] }) as Sandbox
    Object.assign(sandbox, { pattern: expression, text, most })
    try {
      SEARCH.runInContext(sandbox, { timeout: TIMEOUT_MS })
      return Array.from(sandbox.found, toMatch)
    } catch (error) {
      throw failed(source, `took longer than ${TIMEOUT_MS} ms`, error)
    } finally {
      Object.assign(sandbox, { text: '', found: [] })
    }
  }

  return {
    source,
    first: (text) => search(text, 1)[0],
    all: (text) => search(text, MOST_MATCHES),
    replaceAll(text, replacement) {
      let replaced = ''
      let from = 0
      for (const match of search(text, MOST_MATCHES)) {
        replaced += text.slice(from, match.index) + expandReplacement(replacement, match)
        if (replaced.length > LONGEST_TEXT * 4) throw failed(source, 'makes the text too long')
        from = match.index + match.text.length
      }
      return replaced + text.slice(from)
    },
  }
}

/** Copied: what was made in there has prototypes of its own. */
function toMatch({ index, all, named }: Sandbox['found'][number]): PatternMatch {
  const [text = '', ...groups] = all
  return { index, text, groups, named: { ...named } }
}

function toExpression(source: string): RegExp {
  if (source.length > LONGEST_PATTERN) throw failed('…', `has more than ${LONGEST_PATTERN} characters`)
  const translated = translatePattern(source)
  try {
    return new RegExp(translated, 'gu')
  } catch (error) {
    throw failed(source, error instanceof Error ? error.message : String(error), error)
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
