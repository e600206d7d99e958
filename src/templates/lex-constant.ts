import { TemplateFault } from './fault.ts'

export interface LexedConstant {
  readonly value: number | string
  /** The offset behind it. */
  readonly end: number
}

const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*)?\.?[0-9][0-9_]*(?:[eE][+-]?[0-9]+)?|[0-9]+\.)/y

export function lexNumber(source: string, start: number): LexedConstant {
  NUMBER.lastIndex = start
  const written = NUMBER.exec(source)?.[0]
  const end = start + (written?.length ?? 0)
  if (written === undefined || /[\p{L}\p{Nd}_.]/u.test(source[end] ?? '')) {
    throw new TemplateFault(`bad number syntax: ${JSON.stringify(source.slice(start, end + 1))}`)
  }
  const sign = written.startsWith('-') ? -1 : 1
  const digits = written.replace(/^[+-]/, '').replaceAll('_', '')
  // A leading zero means octal in Go.
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return { value: sign * value, end }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}
const CODE = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})/y

/** A string in quotes or back-quotes, or a character in single quotes, which is its code point. */
export function lexQuoted(source: string, start: number): LexedConstant {
  const quote = source[start] ?? ''
  if (quote === '`') {
    const end = source.indexOf('`', start + 1)
    if (end < 0) throw new TemplateFault('unterminated raw quoted string')
    return { value: source.slice(start + 1, end), end: end + 1 }
  }
  let value = ''
  let at = start + 1
  while (source[at] !== quote) {
    const character = source[at]
    if (character === undefined || character === '\n') throw new TemplateFault('unterminated quoted string')
    if (character === '\\') {
      const escaped = readEscape(source, at + 1)
      value += escaped.text
      at = escaped.end
    } else {
      value += character
      at += 1
    }
  }
  if (quote === '"') return { value, end: at + 1 }
  const [only, ...more] = value
  if (only === undefined || more.length > 0) throw new TemplateFault('malformed character constant')
  return { value: only.codePointAt(0) ?? 0, end: at + 1 }
}

function readEscape(source: string, at: number): { readonly text: string; readonly end: number } {
  const simple = ESCAPES[source[at] ?? '']
  if (simple !== undefined) return { text: simple, end: at + 1 }
  CODE.lastIndex = at
  const [written, byte, short, long, octal] = CODE.exec(source) ?? []
  if (written === undefined) throw new TemplateFault('unknown escape sequence in a string')
  const code = octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
  if (code > 0x10ffff) throw new TemplateFault('escape sequence of an invalid code point')
  return { text: String.fromCodePoint(code), end: at + written.length }
}
