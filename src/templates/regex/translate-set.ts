import { PatternFault } from './pattern-fault.ts'

export interface Translated {
  readonly text: string
  /** How much of the source it stands for. */
  readonly length: number
}

/** Go's `\s` is about ASCII. */
const BLANKS = '\\t\\n\\f\\r '
const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}
/** Signs that mean something in a pattern of JavaScript's when they stand alone. */
const SYNTAX = new Set('^$\\.*+?()[]{}|/-')

/** `[…]` at the beginning of the source. */
export function translateSet(source: string): Translated {
  const start = source.startsWith('[^') ? 2 : 1
  let text = source.slice(0, start)
  let at = start
  for (;;) {
    const character = source[at]
    if (character === undefined) throw new PatternFault('has a set that is not closed')
    if (character === ']' && at > start) return { text: `${text}]`, length: at + 1 }
    const member = setMember(source.slice(at), character)
    text += member.text
    at += member.length
  }
}

function setMember(rest: string, character: string): Translated {
  const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest)
  if (posix !== null) {
    const members = posix[1] === '^' ? undefined : POSIX[posix[2] ?? '']
    if (members === undefined) throw new PatternFault(`has a set ${posix[0]}, which is not supported`)
    return { text: members, length: posix[0].length }
  }
  if (rest.startsWith('\\s')) return { text: BLANKS, length: 2 }
  if (character === '\\') return translateEscape(rest)
  return { text: character === '[' || character === ']' ? `\\${character}` : character, length: 1 }
}

const WORDS: Readonly<Record<string, string>> = {
  s: `[${BLANKS}]`,
  S: `[^${BLANKS}]`,
  A: '(?-m:^)',
  z: '(?-m:$)',
  a: '\\x07',
}

/** A backslash and what belongs to it, at the beginning of the source. */
export function translateEscape(source: string): Translated {
  const character = String.fromCodePoint(source.codePointAt(1) ?? 0)
  if (source.length === 1) throw new PatternFault('ends with a backslash')
  if (/[1-9]/.test(character)) throw new PatternFault("refers back to a group, which Go's syntax does not know")
  const word = WORDS[character]
  if (word !== undefined) return { text: word, length: 2 }
  const code = /^\\x\{([0-9A-Fa-f]{1,6})\}/.exec(source)
  if (code !== null) return { text: `\\u{${code[1]}}`, length: code[0].length }
  if (character === 'Q') return quotedLiteral(source)
  if (character === 'p' || character === 'P') return unicodeClass(source)
  if (/[A-Za-z0-9]/.test(character)) return { text: `\\${character}`, length: 2 }
  // Any other sign may be escaped in Go; JavaScript wants only those to be that mean something.
  return { text: SYNTAX.has(character) ? `\\${character}` : character, length: 1 + character.length }
}

/** `\Q…\E` stands for itself. */
function quotedLiteral(source: string): Translated {
  const close = source.indexOf('\\E')
  const literal = source.slice(2, close < 0 ? undefined : close)
  const text = [...literal].map((each) => (SYNTAX.has(each) ? `\\${each}` : each)).join('')
  return { text, length: close < 0 ? source.length : close + 2 }
}

/** `\pL`, `\p{Greek}`, `\P{Lu}`, `\p{^Lu}`. */
function unicodeClass(source: string): Translated {
  const [all, negated, long, short] = /^\\[pP](?:\{(\^?)(\w+)\}|([A-Z]))/.exec(source) ?? []
  const name = long ?? short
  if (all === undefined || name === undefined) throw new PatternFault('has a Unicode class without a name')
  const not = source.startsWith('\\P') !== (negated === '^')
  return { text: `\\${not ? 'P' : 'p'}{${name.length <= 2 ? name : `Script=${name}`}}`, length: all.length }
}
