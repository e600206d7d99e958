import { AppError } from '../base/errors.ts'
import { isObject, type JsonValue } from '../base/json.ts'
import { createGrammarRules, type GrammarEffort, type GrammarRules } from './gbnf.ts'
import { pointedAt } from './json-pointer.ts'
import { arrayRule, booleanRule, objectRule, valueRule, whitespaceRule } from './json-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { mergeSchemas, onlyAnnotates } from './merge-schemas.ts'
import { objectShapeRule, type PropertyRule } from './object-rule.ts'
import { countOf, enumRule, type RuleWriter, rangeRule, textRule } from './scalar-rules.ts'
import { type SchemaType, typesOfSchema, unsupportedKeyword } from './schema-keywords.ts'

const maxDepth = 64
const maxNameLength = 256
/** Characters of schema that are looked at: a place that many references lead to is looked at as many times. */
const maxWork = 10_000_000
/** What a schema costs that is not merged with another. */
const schemaWork = 150

export interface JsonSchemaGrammarOptions {
  /** Of the rules beside which this one is looked at; default: its own. */
  readonly effort?: GrammarEffort
  /** What the schema came in as; error messages begin with it. */
  readonly subject?: string
  /** The part of the schema that is meant, as a reference; references in it still start at the whole. By default all of it. */
  readonly part?: string
}

/** One schema being written as rules. */
interface SchemaWriter extends RuleWriter {
  readonly root: JsonSchema
  readonly subject: string
  /** Where in the schema the writer stands. */
  path: string
  /** Rules of `$ref` targets, by their JSON pointer. */
  readonly targets: Map<string, string>
  /** Which target's rule can begin with which other's: a circle among them has no text at all. */
  readonly beginsWith: Map<string, Set<string>>
}

interface Place {
  readonly path: string
  readonly depth: number
  /** The target whose rule may begin with what stands here. */
  readonly head?: string
}

/**
 * A llama.cpp grammar (GBNF, start rule `root`) for the JSON texts that are valid under a schema. It may be narrower than the
 * schema (properties keep their order, objects that list properties are closed unless `additionalProperties` opens them,
 * tuples are complete) and never wider, but for `oneOf`, which is read as `anyOf`, and formats we do not know.
 * White space is limited, so that a model cannot write blanks for ever.
 *
 * @throws AppError `request.invalid`, naming the place in the schema, for what a grammar cannot express or what is too large.
 */
export function jsonSchemaToGbnf(schema: JsonSchema, options: JsonSchemaGrammarOptions = {}): string {
  const writer = createWriter(schema, options)
  return writer.rules.toText(writeRoot(writer, options))
}

/** Adds the rules of a schema to a larger grammar and returns the name of the one to refer to. */
export function jsonSchemaRule(
  rules: GrammarRules,
  schema: JsonSchema,
  options: JsonSchemaGrammarOptions = {},
): string {
  return writeRoot(createWriter(schema, options, rules), options)
}

function createWriter(root: JsonSchema, options: JsonSchemaGrammarOptions, rules?: GrammarRules): SchemaWriter {
  const refuseHere = (what: string): never => refuse(writer, what)
  const writer: SchemaWriter = {
    rules:
      rules ?? createGrammarRules((what) => refuseHere(`a schema that needs ${what} is not supported`), options.effort),
    refuse: refuseHere,
    root,
    subject: options.subject ?? 'response_format',
    path: '#',
    targets: new Map(),
    beginsWith: new Map(),
  }
  return writer
}

function writeRoot(writer: SchemaWriter, { part = '#' }: JsonSchemaGrammarOptions): string {
  const name = referredRule(writer, part, { path: part, depth: 0 })
  refuseCircles(writer)
  return name
}

function refuse(writer: SchemaWriter, what: string, path: string = writer.path): never {
  throw new AppError('request.invalid', `${writer.subject}: ${what} at ${shortened(path)}`, {
    details: { schemaPath: shortened(path) },
  })
}

function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 200)}…`
}

/** References double the work with each step from one to the next, and the depth alone does not end that. */
function spend(writer: SchemaWriter, work: number): void {
  const { effort } = writer.rules
  effort.spent += work
  if (effort.spent > maxWork) refuse(writer, 'a schema that combines so many others is not supported')
}

function inside(place: Place, ...steps: readonly (string | number)[]): Place {
  return { path: stepped(place.path, steps), depth: place.depth + 1 }
}

function beside(place: Place, ...steps: readonly (string | number)[]): Place {
  return { ...place, path: stepped(place.path, steps), depth: place.depth + 1 }
}

function stepped(path: string, steps: readonly (string | number)[]): string {
  return [path, ...steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
}

/** The rule (or another thing that can stand in a sequence) for one schema. */
function schemaRule(writer: SchemaWriter, schema: JsonValue | undefined, place: Place): string {
  writer.path = place.path
  if (place.depth > maxDepth) refuse(writer, 'the schema is nested too deep')
  if (schema === true || schema === undefined) return valueRule(writer.rules)
  if (schema === false) return refuse(writer, 'a schema that nothing fits is not supported')
  if (!isSchema(schema)) return refuse(writer, 'a schema must be an object or a boolean')
  const flat = flattened(writer, schema, place)
  writer.path = place.path
  const { $ref: reference } = flat
  if (typeof reference === 'string') return referredRule(writer, reference, place)
  const unsupported = unsupportedKeyword(flat)
  if (unsupported !== undefined) refuse(writer, `"${unsupported}" is not supported`)
  if (flat['anyOf'] !== undefined || flat['oneOf'] !== undefined) return alternativesRule(writer, flat, place)
  const types = typesOfSchema(flat) ?? refuse(writer, 'an unknown "type" is not supported')
  if (flat['const'] !== undefined || flat['enum'] !== undefined) return enumRule(writer, flat, types)
  if (types.length === 0) return valueRule(writer.rules)
  const names = types.map((type) => typeRule(writer, { type, schema: flat, place }))
  return names.length === 1 ? (names[0] ?? '') : writer.rules.rule('any-type', [...new Set(names)].join(' | '))
}

function isSchema(value: unknown): value is JsonSchema {
  return isObject(value)
}

/** The schema without `allOf`, and with a `$ref` only when it says nothing else. */
function flattened(writer: SchemaWriter, schema: JsonSchema, place: Place): JsonSchema {
  if (place.depth > maxDepth) refuse(writer, 'the schema is nested too deep', place.path)
  spend(writer, schemaWork)
  const { $ref: reference, allOf, ...rest } = schema
  if (reference !== undefined && typeof reference !== 'string') refuse(writer, '"$ref" must be a string', place.path)
  if (allOf !== undefined && !Array.isArray(allOf)) refuse(writer, '"allOf" must be a list', place.path)
  const members: readonly JsonValue[] = Array.isArray(allOf) ? allOf : []
  const saysMore = !onlyAnnotates(rest)
  if (members.length === 0 && (reference === undefined || !saysMore)) return schema
  const [only] = members
  if (members.length === 1 && reference === undefined && !saysMore && isSchema(only)) {
    return flattened(writer, only, beside(place, 'allOf', 0))
  }
  const parts: readonly JsonValue[] = [rest, ...(reference === undefined ? [] : [{ $ref: reference }]), ...members]
  return parts
    .filter((part) => part !== true)
    .map((part) => resolved(writer, part, place))
    .reduce((left, right) => {
      spend(writer, JSON.stringify(left).length + JSON.stringify(right).length)
      return mergeSchemas(left, right, (what) => refuse(writer, `${what} are not supported`, place.path))
    })
}

/** A part of an `allOf` as keywords of its own, whatever it refers to. */
function resolved(writer: SchemaWriter, part: JsonValue, place: Place): JsonSchema {
  if (!isSchema(part)) return refuse(writer, 'a schema that nothing fits is not supported', place.path)
  const flat = flattened(writer, part, beside(place, 'allOf'))
  const { $ref: reference } = flat
  return typeof reference === 'string' ? resolved(writer, target(writer, reference), beside(place, 'allOf')) : flat
}

/** What a local reference points at. */
function target(writer: SchemaWriter, reference: string): JsonValue {
  if (reference !== '#' && !reference.startsWith('#/'))
    return refuse(writer, 'a "$ref" to another document is not supported')
  const found = pointedAt(writer.root, reference)
  return found ?? refuse(writer, `"$ref" ${shortened(reference)} points at nothing`)
}

function referredRule(writer: SchemaWriter, reference: string, place: Place): string {
  if (place.head !== undefined) {
    const heads = writer.beginsWith.get(place.head) ?? new Set()
    writer.beginsWith.set(place.head, heads.add(reference))
  }
  const written = writer.targets.get(reference)
  if (written !== undefined) return written
  const schema = target(writer, reference)
  const name = writer.rules.reserve(reference === '#' ? 'document' : (reference.split('/').at(-1) ?? 'referred'))
  writer.targets.set(reference, name)
  const body = schemaRule(writer, schema, { path: reference, depth: place.depth + 1, head: reference })
  writer.rules.define(name, body)
  return name
}

function refuseCircles(writer: SchemaWriter): void {
  const done = new Set<string>()
  const visit = (reference: string, above: ReadonlySet<string>): void => {
    if (above.has(reference))
      refuse(writer, 'a schema that refers to itself and nothing else is not supported', reference)
    if (done.has(reference)) return
    for (const next of writer.beginsWith.get(reference) ?? []) visit(next, new Set(above).add(reference))
    done.add(reference)
  }
  for (const reference of writer.beginsWith.keys()) visit(reference, new Set())
}

function alternativesRule(writer: SchemaWriter, schema: JsonSchema, place: Place): string {
  const { anyOf, oneOf, ...rest } = schema
  if (anyOf !== undefined && oneOf !== undefined) refuse(writer, '"anyOf" together with "oneOf" is not supported')
  const keyword = anyOf === undefined ? 'oneOf' : 'anyOf'
  const members = anyOf ?? oneOf
  if (!Array.isArray(members) || members.length === 0) return refuse(writer, `"${keyword}" must be a list of schemas`)
  const names = members.flatMap((member: JsonValue, index) => {
    if (member === false) return []
    const joined = onlyAnnotates(rest) ? member : { allOf: [rest, member] }
    return [schemaRule(writer, joined, beside(place, keyword, index))]
  })
  if (names.length === 0) refuse(writer, 'a schema that nothing fits is not supported')
  return names.length === 1 ? (names[0] ?? '') : writer.rules.rule('any-of', [...new Set(names)].join(' | '))
}

interface TypedSchema {
  readonly type: SchemaType
  readonly schema: JsonSchema
  readonly place: Place
}

function typeRule(writer: SchemaWriter, { type, schema, place }: TypedSchema): string {
  writer.path = place.path
  switch (type) {
    case 'string':
      return textRule(writer, schema)
    case 'integer':
    case 'number':
      return rangeRule(writer, type, schema)
    case 'boolean':
      return booleanRule(writer.rules)
    case 'null':
      return '"null"'
    case 'object':
      return mappingRule(writer, schema, place)
    case 'array':
      return listRule(writer, schema, place)
  }
}

function mappingRule(writer: SchemaWriter, schema: JsonSchema, place: Place): string {
  const { additionalProperties: others } = schema
  const declared = declaredProperties(writer, schema)
  const saysNothing = declared.size === 0 && schema['properties'] === undefined && others === undefined
  if (saysNothing) return objectRule(writer.rules)
  const required = new Set<unknown>(Array.isArray(schema['required']) ? schema['required'] : [])
  const properties: PropertyRule[] = []
  for (const [name, property] of declared) {
    const there = inside(place, 'properties', name)
    writer.path = there.path
    if (name.length > maxNameLength) writer.refuse(`a name longer than ${maxNameLength} characters is not supported`)
    if (property === false && !required.has(name)) continue
    properties.push({ name, required: required.has(name), value: schemaRule(writer, property, there) })
  }
  if (others === undefined || others === false) return objectShapeRule(writer.rules, { properties })
  const additional = schemaRule(writer, others, inside(place, 'additionalProperties'))
  writer.path = place.path
  return objectShapeRule(writer.rules, { properties, additional })
}

/** The properties with their schemas, and behind them those that are required but not described. */
function declaredProperties(writer: SchemaWriter, schema: JsonSchema): Map<string, JsonValue | undefined> {
  const { properties, required, additionalProperties } = schema
  if (properties !== undefined && !isSchema(properties)) writer.refuse('"properties" must be an object')
  const declared = new Map<string, JsonValue | undefined>(Object.entries(isSchema(properties) ? properties : {}))
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === 'string' && !declared.has(name)) declared.set(name, additionalProperties ?? true)
  }
  return declared
}

function listRule(writer: SchemaWriter, schema: JsonSchema, place: Place): string {
  const { rules } = writer
  const min = countOf(writer, schema, 'minItems') ?? 0
  const max = countOf(writer, schema, 'maxItems')
  if (max !== undefined && max < min) refuse(writer, '"maxItems" less than "minItems" is not supported')
  const { prefixItems, items, additionalItems } = schema
  const tuple: readonly JsonValue[] | undefined = [prefixItems, items].find((list) => Array.isArray(list))
  const rest = Array.isArray(items) ? additionalItems : items
  if (tuple === undefined && rest === undefined && min === 0 && max === undefined) return arrayRule(rules)
  const first = (tuple ?? []).slice(0, max)
  const names = first.map((item, index) => schemaRule(writer, item, inside(place, 'prefixItems', index)))
  const more = { min: Math.max(0, min - names.length), max: max === undefined ? undefined : max - names.length }
  const isComplete = rest === false || more.max === 0 || (tuple !== undefined && rest === undefined && more.min === 0)
  if (isComplete) return fixedListRule(writer, names, more.min)
  const item = schemaRule(writer, rest, inside(place, 'items'))
  writer.path = place.path
  return openListRule(rules, [...names, item], more)
}

function fixedListRule(writer: SchemaWriter, names: readonly string[], missing: number): string {
  if (missing > 0) refuse(writer, '"minItems" greater than the number of items is not supported')
  const ws = whitespaceRule(writer.rules)
  if (names.length === 0) return writer.rules.rule('list', `"[" ${ws} "]"`)
  return writer.rules.rule('list', `"[" ${ws} ${names.join(` "," ${ws} `)} ${ws} "]"`)
}

/** A list of the items named, the last of them `min` to `max` times. */
function openListRule(
  rules: GrammarRules,
  names: readonly string[],
  { min, max }: { readonly min: number; readonly max: number | undefined },
): string {
  const ws = whitespaceRule(rules)
  const first = names.slice(0, -1)
  const item = names.at(-1) ?? '""'
  const more = rules.rule('more-items', `"," ${ws} ${item}`)
  if (first.length > 0) {
    return rules.rule('list', `"[" ${ws} ${first.join(` "," ${ws} `)} ${rules.repeat(more, min, max)} ${ws} "]"`)
  }
  const rest = rules.repeat(more, Math.max(0, min - 1), max === undefined ? undefined : max - 1)
  const some = `${item} ${rest} ${ws}`
  return rules.rule('list', `"[" ${ws} ${min === 0 ? `( ${some} )?` : some} "]"`)
}
