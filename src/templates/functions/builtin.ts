import { TemplateFault } from '../fault.ts'
import { writeValue } from '../format.ts'
import { compareText, fieldOf, isList, isStruct, isTrue, kindOf, type Value } from '../value.ts'
import { formatText } from './format-text.ts'
import { ANY_NUMBER, define, type FunctionContext, type FunctionTable } from './template-function.ts'

/** Go's own functions (https://pkg.go.dev/text/template#hdr-Functions), without `call`. */
export const builtin: FunctionTable = {
  // These stop at the argument that decides, so the evaluator runs them; here they only are known.
  and: define(1, ([first]) => first ?? null, ANY_NUMBER),
  or: define(1, ([first]) => first ?? null, ANY_NUMBER),
  not: define(1, ([value = null]) => !isTrue(value)),
  len: define(1, ([value = null]) => lengthOf(value)),
  index: define(1, ([value = null, ...keys]) => keys.reduce(element, value), ANY_NUMBER),
  slice: define(1, ([value = null, ...bounds]) => cut(value, bounds), 4),
  print: define(0, print, ANY_NUMBER),
  println: define(
    0,
    (given, { budget }) => `${given.map((each) => writeValue(each, { budget })).join(' ')}\n`,
    ANY_NUMBER,
  ),
  printf: define(1, ([format = null, ...given], context) => formatText(format, given, context), ANY_NUMBER),
  html: define(0, (given, context) => escapeHtml(print(given, context)), ANY_NUMBER),
  js: define(0, (given, context) => escapeScript(print(given, context)), ANY_NUMBER),
  urlquery: define(0, (given, context) => encodeURIComponent(print(given, context)).replaceAll('%20', '+'), ANY_NUMBER),
  eq: define(2, ([first = null, ...others]) => others.some((other) => equal(first, other)), ANY_NUMBER),
  ne: define(2, ([one = null, other = null]) => !equal(one, other)),
  lt: define(2, ([one = null, other = null]) => compare(one, other) < 0),
  le: define(2, ([one = null, other = null]) => compare(one, other) <= 0),
  gt: define(2, ([one = null, other = null]) => compare(one, other) > 0),
  ge: define(2, ([one = null, other = null]) => compare(one, other) >= 0),
}

/** Go's Sprint: a blank between two operands when neither is a text. */
function print(given: readonly Value[], { budget }: FunctionContext): string {
  return given
    .map((value, index) => {
      const before = given[index - 1]
      const blank = index > 0 && typeof value !== 'string' && typeof before !== 'string' ? ' ' : ''
      return blank + writeValue(value, { budget })
    })
    .join('')
}

export function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (isList(value)) return value.length
  if (value instanceof Map) return value.size
  throw new TemplateFault(`len of a ${kindOf(value)}`)
}

function element(value: Value, key: Value): Value {
  if (value instanceof Map && typeof key === 'string') return fieldOf(value, key)
  if (isList(value) && typeof key === 'number') {
    const found = Number.isInteger(key) && key >= 0 ? value[key] : undefined
    if (found === undefined) throw new TemplateFault(`index out of range: ${key}`)
    return found
  }
  if (typeof value === 'string' && typeof key === 'number') {
    const byte = Buffer.from(value)[key]
    if (byte === undefined) throw new TemplateFault(`index out of range: ${key}`)
    return byte
  }
  throw new TemplateFault(`can't index a ${kindOf(value)} with a ${kindOf(key)}`)
}

function cut(value: Value, bounds: readonly Value[]): Value {
  if (!isList(value) && typeof value !== 'string') throw new TemplateFault(`can't slice a ${kindOf(value)}`)
  const size = lengthOf(value)
  const [from = 0, to = size] = bounds.map((bound) => {
    if (typeof bound === 'number' && Number.isInteger(bound) && bound >= 0 && bound <= size) return bound
    throw new TemplateFault(`index out of range: ${String(bound)}`)
  })
  if (from > to) throw new TemplateFault(`invalid slice index: ${from} > ${to}`)
  return typeof value === 'string' ? Buffer.from(value).subarray(from, to).toString('utf8') : value.slice(from, to)
}

/** Go refuses to compare what is of different kinds; all numbers are of one kind here. */
function equal(one: Value, other: Value): boolean {
  if (one === null || other === null) return one === other
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime()
  const comparable = typeof one !== 'object' && typeof one === typeof other
  if (comparable) return one === other
  if (typeof one === 'object' || typeof other === 'object') {
    throw new TemplateFault(`a ${kindOf(typeof one === 'object' ? one : other)} can't be compared`)
  }
  throw new TemplateFault(`incompatible types for comparison: ${kindOf(one)} and ${kindOf(other)}`)
}

function compare(one: Value, other: Value): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other)
  throw new TemplateFault(`incompatible types for comparison: ${kindOf(one)} and ${kindOf(other)}`)
}

/** Deep equality, as `deepEqual` and `has` need it. */
export function same(one: Value, other: Value): boolean {
  if (isList(one) && isList(other)) {
    return one.length === other.length && one.every((each, index) => same(each, other[index] ?? null))
  }
  if (one instanceof Map && other instanceof Map) {
    return (
      one.size === other.size && [...one].every(([key, each]) => other.has(key) && same(each, other.get(key) ?? null))
    )
  }
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime()
  if (isStruct(one) && isStruct(other)) return same(new Map(one.fields), new Map(other.fields))
  return one === other
}

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&#39;', '"': '&#34;' }

function escapeHtml(text: string): string {
  return text.replace(/[<>&'"]/g, (character) => HTML[character] ?? character)
}

function escapeScript(text: string): string {
  return [...text].map(escapeScriptCharacter).join('')
}

function escapeScriptCharacter(character: string): string {
  if ('\\\'"'.includes(character)) return `\\${character}`
  if (character >= ' ' && !'<>&='.includes(character)) return character
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
