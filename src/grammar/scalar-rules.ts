import type { JsonValue } from '../base/json.ts'
import { type GrammarRules, gbnfLiteral, type RefuseGrammar } from './gbnf.ts'
import { characterRule, integerRule, numberRule, stringRule, whitespaceRule } from './json-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { common } from './merge-schemas.ts'
import { decimalRange, integerRange, type NumberRange } from './number-range.ts'
import { patternBody } from './pattern.ts'
import { hasType, type SchemaType } from './schema-keywords.ts'
import { formatRule } from './string-formats.ts'

const maxEnumValues = 2000

/** What is written into, and how to say that a schema cannot be. */
export interface RuleWriter {
  readonly rules: GrammarRules
  readonly refuse: RefuseGrammar
}

/** The value of a keyword that counts something. */
export function countOf(writer: RuleWriter, schema: JsonSchema, keyword: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  return writer.refuse(`"${keyword}" must be a whole number`)
}

/** The rule of `const` and `enum`. */
export function enumRule(writer: RuleWriter, schema: JsonSchema, types: readonly SchemaType[]): string {
  const { const: only, enum: listed } = schema
  const values: readonly JsonValue[] | undefined = Array.isArray(listed) ? listed : undefined
  const candidates = only === undefined ? (values ?? []) : common([only], values ?? [only])
  if (candidates.length > maxEnumValues)
    writer.refuse(`an "enum" of more than ${maxEnumValues} values is not supported`)
  const fitting = candidates.filter((value) => hasType(value, types))
  if (fitting.length === 0) writer.refuse('an "enum" without a value that fits is not supported')
  return writer.rules.rule('enum', [...new Set(fitting.map((value) => literalOf(writer.rules, value)))].join(' | '))
}

/** One value as JSON text, with the same white space between its parts as everywhere. */
function literalOf(rules: GrammarRules, value: JsonValue): string {
  const text = JSON.stringify(value)
  const ws = whitespaceRule(rules)
  if (value === null || typeof value !== 'object' || text.length === 2) return gbnfLiteral(text)
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => literalOf(rules, item))
    return `"[" ${ws} ${items.join(` "," ${ws} `)} ${ws} "]"`
  }
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${gbnfLiteral(`${JSON.stringify(key)}:`)} ${ws} ${literalOf(rules, member)}`],
  )
  return `"{" ${ws} ${members.join(` "," ${ws} `)} ${ws} "}"`
}

export function textRule(writer: RuleWriter, schema: JsonSchema): string {
  const { rules } = writer
  const min = countOf(writer, schema, 'minLength') ?? 0
  const max = countOf(writer, schema, 'maxLength')
  if (max !== undefined && max < min) writer.refuse('"maxLength" less than "minLength" is not supported')
  const { pattern, format } = schema
  if (typeof pattern === 'string') {
    if (min > 0 || max !== undefined) writer.refuse('"pattern" together with a length is not supported')
    const body = patternBody(rules, pattern, (why) => writer.refuse(`this "pattern" is not supported (${why})`))
    return quoted(rules, rules.rule('pattern', body))
  }
  const known = typeof format === 'string' ? formatRule(rules, format) : undefined
  if (known !== undefined) {
    const isImplied = min <= known.shortest && (max === undefined || max >= known.longest)
    return isImplied ? quoted(rules, known.name) : writer.refuse('"format" together with this length is not supported')
  }
  if (min === 0 && max === undefined) return stringRule(rules)
  return quoted(rules, rules.repeat(characterRule(rules), min, max))
}

function quoted(rules: GrammarRules, body: string): string {
  return rules.rule('string', `"\\"" ${body} "\\""`)
}

export function rangeRule(writer: RuleWriter, type: 'integer' | 'number', schema: JsonSchema): string {
  const { rules } = writer
  const range = numberRangeOf(writer, schema)
  if (range.min === undefined && range.max === undefined) {
    return type === 'integer' ? integerRule(rules) : numberRule(rules)
  }
  const body = type === 'integer' ? integerRange(rules, range) : decimalRange(rules, range)
  return rules.rule(type, body ?? writer.refuse('a range that no number is in is not supported'))
}

function numberRangeOf(writer: RuleWriter, schema: JsonSchema): NumberRange {
  const low = boundOf(writer, schema, { inclusive: 'minimum', exclusive: 'exclusiveMinimum', sign: 1 })
  const high = boundOf(writer, schema, { inclusive: 'maximum', exclusive: 'exclusiveMaximum', sign: -1 })
  return {
    ...(low === undefined ? {} : { min: low.value, minExclusive: low.isExclusive }),
    ...(high === undefined ? {} : { max: high.value, maxExclusive: high.isExclusive }),
  }
}

interface BoundKeywords {
  readonly inclusive: string
  readonly exclusive: string
  /** 1 when the greater of two bounds is the narrower one. */
  readonly sign: 1 | -1
}

function boundOf(
  writer: RuleWriter,
  schema: JsonSchema,
  { inclusive, exclusive, sign }: BoundKeywords,
): { readonly value: number; readonly isExclusive: boolean } | undefined {
  const closed = numberOf(writer, schema, inclusive)
  // Draft 4 says `exclusiveMinimum: true` of its `minimum`.
  const isDraft4 = typeof schema[exclusive] === 'boolean'
  const open = isDraft4 ? undefined : numberOf(writer, schema, exclusive)
  if (open !== undefined && (closed === undefined || open * sign >= closed * sign))
    return { value: open, isExclusive: true }
  return closed === undefined ? undefined : { value: closed, isExclusive: isDraft4 && schema[exclusive] === true }
}

function numberOf(writer: RuleWriter, schema: JsonSchema, keyword: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined || typeof value === 'number') return value
  return writer.refuse(`"${keyword}" must be a number`)
}
