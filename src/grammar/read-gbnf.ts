import { AppError } from '../base/errors.ts'
import type { GbnfAtom, GbnfGrammar, GbnfItem, GbnfRule, GbnfSequence } from './gbnf-grammar.ts'
import { findLeftRecursion } from './left-recursion.ts'

/** In UTF-16 units, as all lengths of texts here; the backend takes no longer ones. */
export const maxGrammarLength = 2 * 1024 * 1024
const maxGroupDepth = 128
/** Sequences and their items; `createGrammarRules` writes 20,000 rules at most. */
const maxParts = 100_000
/** What llama.cpp repeats at most; a higher upper bound means "without end" there. */
const maxRepetitions = 2000
const hexLengths: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
])
const controls: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['r', '\r'],
  ['n', '\n'],
])

interface Reading {
  readonly text: string
  at: number
  depth: number
  states: number
  parts: number
  readonly rules: { name: string | undefined; alternatives: readonly GbnfSequence[] }[]
  readonly indexes: Map<string, number>
}

/**
 * Reads a grammar as llama.cpp's `llama_grammar_parser` does (src/llama-grammar.cpp).
 * Throws `request.invalid` for what it would not read, for left recursion, and for elements that stand for tokens.
 */
export function readGbnf(text: string): GbnfGrammar {
  if (text.length > maxGrammarLength) refuse(`it is longer than ${maxGrammarLength} characters`)
  const reading: Reading = { text, at: 0, depth: 0, states: 0, parts: 0, rules: [], indexes: new Map() }
  skipBlanks(reading, true)
  while (reading.at < text.length) readRule(reading)
  const root = reading.indexes.get('root') ?? refuse('it has no root')
  const missing = reading.rules.find((rule) => rule.alternatives.length === 0)
  if (missing !== undefined) refuse(`rule ${missing.name} is missing`)
  if (findLeftRecursion(reading.rules)) refuse('it is left-recursive')
  return { rules: reading.rules, root }
}

function refuse(why: string): never {
  throw new AppError('request.invalid', `the grammar cannot be read: ${why}`)
}

function isAt(reading: Reading, symbol: string): boolean {
  return reading.text.startsWith(symbol, reading.at)
}

function expect(reading: Reading, symbol: string): void {
  if (!isAt(reading, symbol)) refuse(`${symbol} is missing at ${reading.at}`)
  reading.at += symbol.length
}

/** The text that the sticky pattern matches here, which is then behind us. */
function take(reading: Reading, pattern: RegExp): string {
  pattern.lastIndex = reading.at
  const [found = ''] = pattern.exec(reading.text) ?? []
  reading.at += found.length
  return found
}

function skipBlanks(reading: Reading, overLines: boolean): void {
  take(reading, overLines ? /(?:[ \t\r\n]+|#[^\r\n]*)*/y : /(?:[ \t]+|#[^\r\n]*)*/y)
}

/** Inside a group a sequence goes on in the next line. */
function skipAfterItem(reading: Reading): void {
  skipBlanks(reading, reading.depth > 0)
}

function takeName(reading: Reading): string {
  return take(reading, /[A-Za-z0-9-]+/y)
}

function ruleIndex(reading: Reading, name: string): number {
  const known = reading.indexes.get(name)
  if (known !== undefined) return known
  const index = reading.rules.push({ name, alternatives: [] }) - 1
  reading.indexes.set(name, index)
  return index
}

function readRule(reading: Reading): void {
  const name = takeName(reading) || refuse(`a name is missing at ${reading.at}`)
  const index = ruleIndex(reading, name)
  skipBlanks(reading, false)
  expect(reading, '::=')
  skipBlanks(reading, true)
  // A rule that is written twice is what it is the last time.
  reading.rules[index] = { name, alternatives: readAlternatives(reading) }
  if (reading.at < reading.text.length && !isAt(reading, '\r') && !isAt(reading, '\n')) {
    refuse(`not understood at ${reading.at}`)
  }
  skipBlanks(reading, true)
}

function readAlternatives(reading: Reading): readonly GbnfSequence[] {
  const alternatives = [readSequence(reading)]
  while (isAt(reading, '|')) {
    reading.at += 1
    skipBlanks(reading, true)
    alternatives.push(readSequence(reading))
  }
  return alternatives
}

function readSequence(reading: Reading): GbnfSequence {
  const items: GbnfItem[] = []
  let last: GbnfItem | undefined
  for (;;) {
    const repetition = readRepetition(reading)
    if (repetition === undefined) {
      if (last !== undefined) items.push(last)
      if (!startsAtom(reading)) return toSequence(reading, items)
      last = readAtom(reading)
      skipAfterItem(reading)
    } else {
      last = repeated(reading, last ?? refuse(`nothing to repeat at ${reading.at}`), repetition)
    }
  }
}

function toSequence(reading: Reading, items: readonly GbnfItem[]): GbnfSequence {
  reading.parts += 1 + items.length
  if (reading.parts > maxParts) refuse(`it has more than ${maxParts} parts`)
  const firstStates = items.map((item) => {
    const first = reading.states
    reading.states += statesOf(item)
    return first
  })
  return { items, firstStates }
}

function statesOf(item: GbnfItem): number {
  if (item.kind === 'text') return item.codes.length
  if (item.kind !== 'repeat') return 1
  return (item.max === Number.POSITIVE_INFINITY ? item.min : item.max) + 1
}

interface Repetition {
  readonly min: number
  readonly max: number
}

const signs: ReadonlyMap<string, Repetition> = new Map([
  ['*', { min: 0, max: Number.POSITIVE_INFINITY }],
  ['+', { min: 1, max: Number.POSITIVE_INFINITY }],
  ['?', { min: 0, max: 1 }],
])

function readRepetition(reading: Reading): Repetition | undefined {
  const sign = signs.get(reading.text[reading.at] ?? '')
  if (sign === undefined && !isAt(reading, '{')) return undefined
  reading.at += 1
  skipAfterItem(reading)
  if (sign !== undefined) return sign
  const min = readCount(reading) ?? refuse(`a number is missing at ${reading.at}`)
  let max: number | undefined = min
  if (isAt(reading, ',')) {
    reading.at += 1
    skipAfterItem(reading)
    max = readCount(reading)
  }
  expect(reading, '}')
  skipAfterItem(reading)
  if (min > maxRepetitions || (max !== undefined && max < min)) refuse(`a repetition is out of range at ${reading.at}`)
  return { min, max: max === undefined || max > maxRepetitions ? Number.POSITIVE_INFINITY : max }
}

function readCount(reading: Reading): number | undefined {
  const digits = take(reading, /[0-9]+/y)
  skipAfterItem(reading)
  return digits === '' ? undefined : Number(digits)
}

function repeated(reading: Reading, item: GbnfItem, { min, max }: Repetition): GbnfItem | undefined {
  if (max === 0) return undefined
  // A repetition of a repetition is one of a group.
  const atom = item.kind === 'repeat' ? addGroup(reading, [toSequence(reading, [item])]) : item
  return { kind: 'repeat', item: toSequence(reading, [atom]), min, max }
}

function addGroup(reading: Reading, alternatives: GbnfRule['alternatives']): GbnfAtom {
  return { kind: 'rule', index: reading.rules.push({ name: undefined, alternatives }) - 1 }
}

function startsAtom(reading: Reading): boolean {
  return /^["[(.A-Za-z0-9<!-]$/.test(reading.text[reading.at] ?? '')
}

/** Undefined for an empty text or class, which match nothing at all and can't be repeated. */
function readAtom(reading: Reading): GbnfAtom | undefined {
  switch (reading.text[reading.at]) {
    case '"':
      return readText(reading)
    case '[':
      return readClass(reading)
    case '.':
      reading.at += 1
      return { kind: 'class', negated: true, ranges: [] }
    case '(':
      return readGroup(reading)
    case '<':
    case '!':
      return refuse('it names tokens')
    default:
      return { kind: 'rule', index: ruleIndex(reading, takeName(reading)) }
  }
}

function readGroup(reading: Reading): GbnfAtom {
  reading.at += 1
  reading.depth += 1
  if (reading.depth > maxGroupDepth) refuse(`it nests more than ${maxGroupDepth} groups`)
  skipBlanks(reading, true)
  const alternatives = readAlternatives(reading)
  expect(reading, ')')
  reading.depth -= 1
  return addGroup(reading, alternatives)
}

function readText(reading: Reading): GbnfAtom | undefined {
  reading.at += 1
  const codes: number[] = []
  while (!isAt(reading, '"')) codes.push(readCharacter(reading))
  reading.at += 1
  return codes.length === 0 ? undefined : { kind: 'text', codes }
}

function readClass(reading: Reading): GbnfAtom | undefined {
  reading.at += 1
  const negated = isAt(reading, '^')
  if (negated) reading.at += 1
  const ranges: number[] = []
  while (!isAt(reading, ']')) {
    const first = readCharacter(reading)
    const isSpan = isAt(reading, '-') && !isAt(reading, '-]')
    if (isSpan) reading.at += 1
    ranges.push(first, isSpan ? readCharacter(reading) : first)
  }
  reading.at += 1
  return ranges.length === 0 ? undefined : { kind: 'class', negated, ranges }
}

function readCharacter(reading: Reading): number {
  const code = reading.text.codePointAt(reading.at) ?? refuse('it ends too early')
  // llama.cpp takes this for the end of the grammar.
  if (code === 0) refuse(`a character is missing at ${reading.at}`)
  reading.at += code > 0xffff ? 2 : 1
  return code === 0x5c ? readEscape(reading) : code
}

function readEscape(reading: Reading): number {
  const symbol = reading.text[reading.at] ?? ''
  reading.at += 1
  const size = hexLengths.get(symbol)
  if (size !== undefined) {
    const digits = reading.text.slice(reading.at, reading.at + size)
    if (digits.length !== size || !/^[0-9A-Fa-f]+$/.test(digits)) refuse(`an escape is not understood at ${reading.at}`)
    reading.at += size
    return Number.parseInt(digits, 16)
  }
  if (!/^[trn\\"[\]-]$/.test(symbol)) refuse(`an escape is not understood at ${reading.at}`)
  return (controls.get(symbol) ?? symbol).charCodeAt(0)
}
