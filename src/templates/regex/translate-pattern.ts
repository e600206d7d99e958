import { AppError } from '../../base/errors.ts'
import { PatternFault } from './pattern-fault.ts'
import { translateEscape, translateSet } from './translate-set.ts'

/**
 * A pattern in Go's syntax (https://github.com/google/re2/wiki/Syntax) in JavaScript's words, for the `u` flag. What
 * RE2 refuses (look-around, back-references) is refused here, so that a configuration means the same in both.
 */
export function translatePattern(source: string): string {
  try {
    return translate(source)
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error
    const shown = JSON.stringify(source.slice(0, 100))
    throw new AppError('model.config-invalid', `the regular expression ${shown} ${error.message}`, { cause: error })
  }
}

interface Translation {
  written: string
  /**
   * For each group that is open, the flags that were switched on inside of it: `(?i)` holds up to the end of the group
   * around it, so it becomes one more group, which ends with that one.
   */
  readonly flags: string[]
}

function translate(source: string): string {
  const translation: Translation = { written: '', flags: [''] }
  let at = 0
  while (at < source.length) at += step(translation, source, at)
  if (translation.flags.length > 1) throw new PatternFault('has a group that is not closed')
  return translation.written + closeFlags(translation)
}

/** Translates what stands at a place and says how long it is. */
function step(translation: Translation, source: string, at: number): number {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  switch (character) {
    case '(':
      return openGroup(translation, source.slice(at))
    case ')':
      translation.written += `${closeFlags(translation)})`
      translation.flags.pop()
      if (translation.flags.length === 0) throw new PatternFault('closes a group that is not open')
      return 1
    case '|':
      translation.written += `${closeFlags(translation)}|${translation.flags.at(-1) ?? ''}`
      return 1
    case '[':
    case '\\': {
      const { text, length } = character === '[' ? translateSet(source.slice(at)) : translateEscape(source.slice(at))
      translation.written += text
      return length
    }
    case '{':
    case '}':
    case ']': {
      const count = /^\{\d+(?:,\d*)?\}/.exec(source.slice(at))?.[0]
      translation.written += count ?? `\\${character}`
      return count?.length ?? 1
    }
    default:
      translation.written += character
      return character.length
  }
}

function closeFlags({ flags }: Translation): string {
  return flags.at(-1) === '' ? '' : ')'
}

function openGroup(translation: Translation, rest: string): number {
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest)
  const flagged = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest)
  if (named === null && flagged === null && rest.startsWith('(?')) {
    throw new PatternFault(`has a group "${rest.slice(0, 4)}", which Go's syntax does not know`)
  }
  if (flagged === null) {
    translation.written += named === null ? '(' : `(?<${named[1]}>`
    translation.flags.push('')
    return named?.[0].length ?? 1
  }
  const [all, on = '', off = '', end] = flagged
  const opener = flagOpener(on, off)
  if (end === ':') {
    translation.written += opener
    translation.flags.push('')
  } else {
    translation.written += closeFlags(translation) + opener
    translation.flags[translation.flags.length - 1] = opener
  }
  return all.length
}

function flagOpener(on: string, off: string): string {
  if (on.includes('U') || off.includes('U')) throw new PatternFault('swaps greediness (?U), which is not supported')
  const [adds, takes] = [[...new Set(on)].join(''), [...new Set(off)].join('')]
  return takes === '' ? `(?${adds}:` : `(?${adds}-${takes}:`
}
