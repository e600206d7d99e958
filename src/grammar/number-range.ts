import type { GrammarRules } from './gbnf.ts'

/** A bound of a range, as the schema gives it. */
export interface NumberRange {
  readonly min?: number
  readonly max?: number
  /** Numbers equal to the bound are outside. */
  readonly minExclusive?: boolean
  readonly maxExclusive?: boolean
}

/** Bounds further out than this say nothing: no number rule of ours has more than 15 digits before the point. */
const largestBound = 999_999_999_999_999

const anyFraction = '( "." [0-9]{1,15} )?'

/** The body of a rule for the integers of a range, or undefined when there are none. */
export function integerRange(rules: GrammarRules, range: NumberRange): string | undefined {
  let min = range.min === undefined ? -largestBound : Math.ceil(range.min)
  let max = range.max === undefined ? largestBound : Math.floor(range.max)
  if (range.minExclusive === true && min === range.min) min += 1
  if (range.maxExclusive === true && max === range.max) max -= 1
  min = Math.max(min, -largestBound)
  max = Math.min(max, largestBound)
  if (min > max) return undefined
  const alternatives: string[] = []
  if (min < 0) alternatives.push(`"-" ( ${naturals(rules, Math.max(1, -max), -min)} )`)
  if (max >= 0) alternatives.push(naturals(rules, Math.max(0, min), max))
  return alternatives.join(' | ')
}

/** Alternatives for the integers from `min` to `max`, 0 <= min <= max: one group per number of digits. */
function naturals(rules: GrammarRules, min: number, max: number): string {
  const alternatives: string[] = []
  for (let size = String(min).length; size <= String(max).length; size += 1) {
    const low = Math.max(min, size === 1 ? 0 : 10 ** (size - 1))
    const high = Math.min(max, 10 ** size - 1)
    alternatives.push(sameLength(rules, String(low), String(high)))
  }
  return alternatives.join(' | ')
}

/** Digit strings between two of the same length. */
function sameLength(rules: GrammarRules, low: string, high: string): string {
  const size = low.length
  if (size === 0) return '""'
  if (/^0*$/.test(low) && /^9*$/.test(high)) return size === 1 ? '[0-9]' : `[0-9]{${size}}`
  const [first, last] = [Number(low[0]), Number(high[0])]
  const [lowRest, highRest] = [low.slice(1), high.slice(1)]
  const zeros = '0'.repeat(size - 1)
  const nines = '9'.repeat(size - 1)
  if (first === last) return sequence(`"${first}"`, sameLength(rules, lowRest, highRest), rules)
  const alternatives: string[] = []
  const lowIsWhole = lowRest === zeros
  const highIsWhole = highRest === nines
  if (!lowIsWhole) alternatives.push(sequence(`"${first}"`, sameLength(rules, lowRest, nines), rules))
  const from = lowIsWhole ? first : first + 1
  const to = highIsWhole ? last : last - 1
  if (from <= to) alternatives.push(sequence(digits(from, to), sameLength(rules, zeros, nines), rules))
  if (!highIsWhole) alternatives.push(sequence(`"${last}"`, sameLength(rules, zeros, highRest), rules))
  return alternatives.join(' | ')
}

function sequence(head: string, rest: string, rules: GrammarRules): string {
  if (rest === '""') return head
  return `${head} ${rest.includes('|') ? rules.rule('digits', rest) : rest}`
}

function digits(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`
}

/** The body of a rule for the decimal numbers of a range (written without exponent), or undefined when there are none. */
export function decimalRange(rules: GrammarRules, range: NumberRange): string | undefined {
  const negative = positiveDecimals(rules, mirrored(range))
  const positive = positiveDecimals(rules, range)
  const alternatives = [
    ...(negative === undefined ? [] : [`"-" ${rules.rule('magnitude', negative)}`]),
    ...(positive === undefined ? [] : [positive]),
  ]
  return alternatives.length === 0 ? undefined : alternatives.join(' | ')
}

/** The negative numbers of a range, without their sign. Zero is not among them. */
function mirrored({ min, max, minExclusive = false, maxExclusive = false }: NumberRange): NumberRange {
  const low = max === undefined || max >= 0 ? { min: 0, minExclusive: true } : { min: -max, minExclusive: maxExclusive }
  return min === undefined ? low : { ...low, max: -min, maxExclusive: minExclusive }
}

/** A number >= 0 as a decimal writes it: the digits after the point have no zero at the end. */
interface Decimal {
  readonly whole: number
  readonly fraction: string
}

interface PositiveRange {
  readonly low: Decimal
  readonly lowExclusive: boolean
  readonly high: Decimal
  readonly highExclusive: boolean
}

function decimalOf(value: number): Decimal {
  if (value > largestBound) return { whole: largestBound, fraction: '' }
  const shortest = String(value)
  const [whole = '0', fraction = ''] = (shortest.includes('e') ? value.toFixed(15) : shortest).split('.')
  return { whole: Number(whole), fraction: fraction.replace(/0+$/, '') }
}

/** Alternatives for the numbers of a range that are not negative. */
function positiveDecimals(rules: GrammarRules, range: NumberRange): string | undefined {
  const { min = 0, max = largestBound } = range
  if (max < 0) return undefined
  const low = decimalOf(Math.max(0, min))
  const lowExclusive = min >= 0 && range.minExclusive === true
  const high = decimalOf(max)
  const positive: PositiveRange = { low, lowExclusive, high, highExclusive: range.maxExclusive === true }
  if (low.whole > high.whole) return undefined
  if (low.whole === high.whole) return wholeAndFraction(rules, low.whole, fractionsBetween(rules, positive))
  const parts = [wholeAndFraction(rules, low.whole, fractionsFrom(rules, low.fraction, lowExclusive))]
  if (low.whole + 1 <= high.whole - 1) {
    parts.push(`${rules.rule('between', naturals(rules, low.whole + 1, high.whole - 1))} ${anyFraction}`)
  }
  parts.push(wholeAndFraction(rules, high.whole, fractionsTo(rules, high.fraction, positive.highExclusive)))
  return parts.filter((part) => part !== undefined).join(' | ')
}

function wholeAndFraction(rules: GrammarRules, whole: number, fractions: readonly string[]): string | undefined {
  return fractions.length === 0 ? undefined : `"${whole}" ${rules.rule('fraction', fractions.join(' | '))}`
}

/** Alternatives for what may follow the whole part when it is that of both bounds. */
function fractionsBetween(rules: GrammarRules, range: PositiveRange): string[] {
  const { high } = range
  const size = Math.max(range.low.fraction.length, high.fraction.length)
  const alternatives: string[] = []
  // All fractions of that many digits; each inner one may go on with any digits, which keeps it between the bounds.
  const low = BigInt(range.low.fraction.padEnd(size, '0') || '0')
  const top = BigInt(high.fraction.padEnd(size, '0') || '0')
  if (low > top || (low === top && (range.lowExclusive || range.highExclusive))) return []
  if (!range.lowExclusive) alternatives.push(size === 0 ? '""' : exactFraction(range.low.fraction))
  if (low === top) return alternatives
  const written = (value: bigint): string => value.toString().padStart(size, '0')
  const longer = rules.rule('longer-fraction', '[0-9]{0,8} [1-9] [0-9]{0,4}')
  alternatives.push(`"." "${written(low)}" ${longer}`)
  if (low + 1n <= top - 1n) {
    const inner = rules.rule('inner', sameLength(rules, written(low + 1n), written(top - 1n)))
    alternatives.push(`"." ${inner} [0-9]{0,8}`)
  }
  if (!range.highExclusive) alternatives.push(`"." "${written(top)}"`)
  return alternatives
}

function exactFraction(fraction: string): string {
  return fraction === '' ? '""' : `"." "${fraction}"`
}

function fractionsFrom(rules: GrammarRules, fraction: string, exclusive: boolean): string[] {
  if (fraction === '') return exclusive ? ['"." "0"{0,8} [1-9] [0-9]{0,6}'] : [anyFraction]
  const size = fraction.length
  const nines = '9'.repeat(size)
  const longer = '[0-9]{0,8} [1-9] [0-9]{0,4}'
  const alternatives = [`"." "${fraction}" ${exclusive ? longer : '[0-9]{0,8}'}`]
  if (fraction !== nines) {
    const next = (BigInt(fraction) + 1n).toString().padStart(size, '0')
    alternatives.push(`"." ${rules.rule('above', sameLength(rules, next, nines))} [0-9]{0,8}`)
  }
  return alternatives
}

function fractionsTo(rules: GrammarRules, fraction: string, exclusive: boolean): string[] {
  if (fraction === '') return exclusive ? [] : ['( "." "0"{1,6} )?']
  const size = fraction.length
  const below = (BigInt(fraction) - 1n).toString().padStart(size, '0')
  const alternatives = ['""', `"." ${rules.rule('below', sameLength(rules, '0'.repeat(size), below))} [0-9]{0,8}`]
  if (!exclusive) alternatives.push(`"." "${fraction}"`)
  return alternatives
}
