import { escapeGbnf, type GrammarRules, gbnfLiteral, type RefuseGrammar } from './gbnf.ts'

const maxPatternLength = 1000
const maxPatternDepth = 20
const maxPatternRepetitions = 1000

/** A part of a pattern: what to write, and whether it can be empty (such a part must not be repeated without end). */
interface Part {
  readonly body: string
  readonly nullable: boolean
}

/** Where the reading of a pattern stands. */
interface PatternReader {
  readonly rules: GrammarRules
  readonly refuse: RefuseGrammar
  readonly symbols: readonly string[]
  at: number
}

/** Code points from first to last, both included. */
type Range = readonly [first: number, last: number]

const highestCodePoint = 0x10ffff
const namedClasses: ReadonlyMap<string, readonly Range[]> = new Map<string, readonly Range[]>([
  ['d', [[0x30, 0x39]]],
  [
    'w',
    [
      [0x30, 0x39],
      [0x41, 0x5a],
      [0x5f, 0x5f],
      [0x61, 0x7a],
    ],
  ],
  [
    's',
    [
      [0x09, 0x0d],
      [0x20, 0x20],
      [0xa0, 0xa0],
      [0x1680, 0x1680],
      [0x2000, 0x200a],
      [0x2028, 0x2029],
      [0x202f, 0x202f],
      [0x205f, 0x205f],
      [0x3000, 0x3000],
      [0xfeff, 0xfeff],
    ],
  ],
])
const lineEnds: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
const controlEscapes = new Map(Object.entries({ n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' }))

/** Not written as themselves in JSON text, or not wanted there at all. */
const notPlain: readonly Range[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x7f, 0x7f],
  [0xd800, 0xdfff],
]
const jsonEscapes: readonly (readonly [number, string])[] = [
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]

/**
 * The body of a rule for the JSON text (without its quotes) of the strings that match an anchored regular expression.
 * Understood: literals, `.`, classes, `\d \w \s` and their opposites, groups, `|`, and the quantifiers. All else,
 * above all look-around and back references, is refused with the reason.
 */
export function patternBody(rules: GrammarRules, pattern: string, refuse: RefuseGrammar): string {
  if (pattern.length > maxPatternLength) refuse(`it is longer than ${maxPatternLength} characters`)
  if (!isAnchored(pattern)) refuse('it does not begin with ^ and end with $')
  const reader: PatternReader = { rules, refuse, symbols: [...pattern.slice(1, -1)], at: 0 }
  const whole = readAlternatives(reader, 0)
  if (reader.at < reader.symbols.length) refuse('a ) without its (')
  return whole.body
}

function isAnchored(pattern: string): boolean {
  if (pattern.length < 2 || !pattern.startsWith('^') || !pattern.endsWith('$')) return false
  const backslashes = /\\*$/.exec(pattern.slice(0, -1))?.[0].length ?? 0
  return backslashes % 2 === 0
}

function take(reader: PatternReader, expected?: string): string {
  const symbol = reader.symbols[reader.at]
  if (symbol === undefined) return reader.refuse('it ends too early')
  if (expected !== undefined && symbol !== expected) reader.refuse(`${expected} is missing`)
  reader.at += 1
  return symbol
}

function takeIf(reader: PatternReader, symbol: string): boolean {
  if (reader.symbols[reader.at] !== symbol) return false
  reader.at += 1
  return true
}

function readAlternatives(reader: PatternReader, depth: number): Part {
  if (depth > maxPatternDepth) reader.refuse('its groups are nested too deep')
  const branches = [readBranch(reader, depth)]
  while (takeIf(reader, '|')) branches.push(readBranch(reader, depth))
  if (branches.length > 1 && depth === 0) reader.refuse('^a|b$ anchors each half once; ^(a|b)$ is supported')
  return { body: branches.map(({ body }) => body).join(' | '), nullable: branches.some(({ nullable }) => nullable) }
}

function readBranch(reader: PatternReader, depth: number): Part {
  const parts: Part[] = []
  while (reader.at < reader.symbols.length && !'|)'.includes(reader.symbols[reader.at] ?? '')) {
    parts.push(readQuantified(reader, depth))
  }
  if (parts.length === 0) return { body: '""', nullable: true }
  return { body: parts.map(({ body }) => body).join(' '), nullable: parts.every(({ nullable }) => nullable) }
}

function readQuantified(reader: PatternReader, depth: number): Part {
  const part = readAtom(reader, depth)
  const bounds = readQuantifier(reader)
  if (bounds === undefined) return part
  const { min, max } = bounds
  // Lazy or not makes no difference to what matches.
  takeIf(reader, '?')
  if ('*+{'.includes(reader.symbols[reader.at] ?? ' ')) reader.refuse('a doubled quantifier')
  if (part.nullable && max !== 1) reader.refuse('it repeats something that can be empty')
  const name = reader.rules.rule('pattern', part.body)
  return { body: reader.rules.repeat(name, min, max), nullable: min === 0 || part.nullable }
}

function readQuantifier(reader: PatternReader): { readonly min: number; readonly max?: number } | undefined {
  if (takeIf(reader, '*')) return { min: 0 }
  if (takeIf(reader, '+')) return { min: 1 }
  if (takeIf(reader, '?')) return { min: 0, max: 1 }
  if (reader.symbols[reader.at] !== '{') return undefined
  const text = reader.symbols.slice(reader.at, reader.at + 16).join('')
  const [whole = '', low = '', comma = '', high = ''] = /^\{(\d{1,6})(,?)(\d{0,6})\}/.exec(text) ?? []
  if (whole === '' || (comma === '' && high !== '')) return reader.refuse('a { without its numbers')
  reader.at += whole.length
  const min = Number(low)
  const max = comma === '' ? min : Number(high)
  if (Math.max(min, max) > maxPatternRepetitions) reader.refuse(`more than ${maxPatternRepetitions} repetitions`)
  if (comma !== '' && high === '') return { min }
  if (max < min) reader.refuse('a quantifier whose end is before its start')
  return { min, max }
}

function readAtom(reader: PatternReader, depth: number): Part {
  const symbol = take(reader)
  if (symbol === '(') return readGroup(reader, depth)
  if ('^$*+?{}'.includes(symbol)) reader.refuse(`${symbol} in this place`)
  return { body: characterBody(reader, readCharacters(reader, symbol)), nullable: false }
}

function readCharacters(reader: PatternReader, symbol: string): readonly Range[] {
  if (symbol === '[') return readClass(reader)
  if (symbol === '.') return without(lineEnds)
  return symbol === '\\' ? readEscape(reader) : single(symbol)
}

function readGroup(reader: PatternReader, depth: number): Part {
  if (takeIf(reader, '?') && take(reader) !== ':') reader.refuse('look-around or a named group')
  const { body, nullable } = readAlternatives(reader, depth + 1)
  take(reader, ')')
  return { body: reader.rules.rule('group', body), nullable }
}

function readEscape(reader: PatternReader): readonly Range[] {
  const symbol = take(reader)
  const named = namedClasses.get(symbol.toLowerCase())
  if (named !== undefined) return symbol === symbol.toLowerCase() ? named : without(named)
  const control = controlEscapes.get(symbol)
  if (control !== undefined) return single(control)
  if (symbol === 'u' || symbol === 'x') {
    const digits = Array.from({ length: symbol === 'u' ? 4 : 2 }, () => take(reader)).join('')
    if (!/^[0-9a-fA-F]+$/.test(digits)) reader.refuse(`\\${symbol} without its digits`)
    return single(String.fromCodePoint(Number.parseInt(digits, 16)))
  }
  if (/[A-Za-z0-9]/.test(symbol)) reader.refuse(`\\${symbol}`)
  return single(symbol)
}

function readClass(reader: PatternReader): readonly Range[] {
  const negated = takeIf(reader, '^')
  const ranges: Range[] = []
  while (!takeIf(reader, ']')) {
    const from = readClassMember(reader)
    const isSpan = reader.symbols[reader.at] === '-' && reader.symbols[reader.at + 1] !== ']'
    if (isSpan) {
      take(reader)
      ranges.push(spanned(reader, from, readClassMember(reader)))
    } else {
      ranges.push(...from)
    }
  }
  return negated ? without(ranges) : ranges
}

function readClassMember(reader: PatternReader): readonly Range[] {
  const symbol = take(reader)
  return symbol === '\\' ? readEscape(reader) : single(symbol)
}

function single(symbol: string): readonly Range[] {
  const code = symbol.codePointAt(0) ?? 0
  return [[code, code]]
}

function spanned(reader: PatternReader, from: readonly Range[], to: readonly Range[]): Range {
  const [low, high] = [from[0], to[0]]
  const plain = from.length === 1 && to.length === 1 && low?.[0] === low?.[1] && high?.[0] === high?.[1]
  if (!plain || low === undefined || high === undefined || high[0] < low[0]) return reader.refuse('a range in a class')
  return [low[0], high[0]]
}

/** All code points but those, in order. */
function without(ranges: readonly Range[]): readonly Range[] {
  const rest: Range[] = []
  let next = 0
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) rest.push([next, first - 1])
    next = Math.max(next, last + 1)
  }
  if (next <= highestCodePoint) rest.push([next, highestCodePoint])
  return rest
}

/** The JSON text of one of these characters: itself, or its escape sequence; other control characters are left out. */
function characterBody(reader: PatternReader, ranges: readonly Range[]): string {
  const alternatives: string[] = []
  const plain = intersect(ranges, without(notPlain))
  if (plain.length > 0) alternatives.push(plainBody(plain))
  for (const [code, written] of jsonEscapes) {
    if (ranges.some(([first, last]) => first <= code && code <= last)) alternatives.push(gbnfLiteral(written))
  }
  const [only] = alternatives
  if (only === undefined) return reader.refuse('a class that nothing fits')
  return alternatives.length === 1 ? only : reader.rules.rule('characters', alternatives.join(' | '))
}

function plainBody(ranges: readonly Range[]): string {
  const [only] = ranges
  if (ranges.length === 1 && only !== undefined && only[0] === only[1])
    return gbnfLiteral(String.fromCodePoint(only[0]))
  const written = ranges.map(([first, last]) => {
    const from = escapeGbnf(String.fromCodePoint(first))
    return first === last ? from : `${from}-${escapeGbnf(String.fromCodePoint(last))}`
  })
  return `[${written.join('')}]`
}

function intersect(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const both: Range[] = []
  for (const [first, last] of ranges) {
    for (const [low, high] of others) {
      if (Math.max(first, low) <= Math.min(last, high)) both.push([Math.max(first, low), Math.min(last, high)])
    }
  }
  return both.sort((a, b) => a[0] - b[0])
}
