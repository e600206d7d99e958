import { writeNumber, writeValue } from '../format.ts'
import { kindOf, type Value } from '../value.ts'
import { type FunctionContext, text } from './template-function.ts'

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%])?/g
const WIDEST = 10_000

interface Directive {
  readonly flags: string
  readonly width: number | undefined
  readonly precision: number | undefined
  readonly verb: string
}

/** Go's Sprintf, with its words for what does not fit (`%!d(string=x)`, `%!s(MISSING)`, `%!(EXTRA …)`). */
export function formatText(format: Value, given: readonly Value[], context: FunctionContext): string {
  let used = 0
  const take = (): Value | undefined => {
    const value = given[used]
    used += 1
    return value
  }
  const size = (written: string | undefined): number | undefined => {
    const value = written === '*' ? take() : Number(written)
    return written === undefined || typeof value !== 'number' ? undefined : Math.min(Math.abs(value), WIDEST)
  }
  const written = text(format).replace(VERB, (...found: readonly string[]) => {
    const [all = '', flags = '', widthText, precisionText, verb] = found
    if (verb === undefined) return '%!(NOVERB)'
    if (verb === '%') return '%'
    const width = size(widthText)
    const precision = all.includes('.') ? (size(precisionText) ?? 0) : undefined
    const value = take()
    if (value === undefined) return `%!${verb}(MISSING)`
    const directive = { flags, width, precision, verb }
    return pad(writeVerb(value, directive, context), directive)
  })
  const extra = given.slice(used).map((value) => `${typeWord(value)}=${writeValue(value, context)}`)
  return extra.length === 0 ? written : `${written}%!(EXTRA ${extra.join(', ')})`
}

function writeVerb(value: Value, directive: Directive, context: FunctionContext): string {
  const { verb, precision, flags } = directive
  const wrong = (): string => `%!${verb}(${typeWord(value)}=${writeValue(value, context)})`
  if (verb === 'v') return signed(writeValue(value, context), value, flags)
  if (verb === 'T') return typeWord(value)
  if (typeof value === 'number') return signed(writeNumeric(value, directive) ?? wrong(), value, flags)
  if (verb === 't') return typeof value === 'boolean' ? String(value) : wrong()
  if (typeof value !== 'string' && verb === 's' && typeof value === 'object') return writeValue(value, context)
  if (typeof value !== 'string') return wrong()
  const shown = precision === undefined ? value : [...value].slice(0, precision).join('')
  if (verb === 's') return shown
  if (verb === 'q') return quoteGo(shown)
  if (verb === 'x') return Buffer.from(shown).toString('hex')
  if (verb === 'X') return Buffer.from(shown).toString('hex').toUpperCase()
  return wrong()
}

function writeNumeric(value: number, directive: Directive): string | undefined {
  const digits = directive.precision === undefined ? undefined : Math.min(directive.precision, 100)
  switch (directive.verb) {
    case 'f':
    case 'F':
      return value.toFixed(digits ?? 6)
    case 'e':
      return value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2')
    case 'g':
      return writeNumber(digits === undefined ? value : Number(value.toPrecision(Math.max(1, digits))))
    default:
      return Number.isInteger(value) ? writeWhole(value, directive.verb) : undefined
  }
}

function writeWhole(value: number, verb: string): string | undefined {
  const base = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb]
  if (base !== undefined) return verb === 'X' ? value.toString(base).toUpperCase() : value.toString(base)
  if (value < 0 || value > 0x10ffff) return undefined
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
  if (verb === 'c') return String.fromCodePoint(value)
  return verb === 'q' ? `'${String.fromCodePoint(value)}'` : undefined
}

function signed(written: string, value: Value, flags: string): string {
  if (typeof value !== 'number' || value < 0 || written.startsWith('%!')) return written
  if (flags.includes('+')) return `+${written}`
  return flags.includes(' ') ? ` ${written}` : written
}

function pad(written: string, { flags, width = 0 }: Directive): string {
  const missing = width - [...written].length
  if (missing <= 0) return written
  if (flags.includes('-')) return written + ' '.repeat(missing)
  if (!flags.includes('0')) return ' '.repeat(missing) + written
  const sign = /^[+-]/.exec(written)?.[0] ?? ''
  return sign + '0'.repeat(missing) + written.slice(sign.length)
}

/** A text in double quotes with Go's escapes. */
export function quoteGo(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1)
  return `"${escaped.replace(/\\u00([0-9a-f]{2})/g, '\\x$1').replaceAll('\x7f', '\\x7f')}"`
}

function typeWord(value: Value): string {
  if (value === null) return '<nil>'
  const kind = kindOf(value)
  if (kind === 'slice') return '[]interface {}'
  return kind === 'map' ? 'map[string]interface {}' : kind
}
