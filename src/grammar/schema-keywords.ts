import { isObject, type JsonValue } from '../base/json.ts'
import type { JsonSchema } from './json-schema.ts'

export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array'

const allTypes: readonly SchemaType[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']

/** True when this value of the keyword, in this schema, forbids nothing. */
type Harmless = (value: JsonValue, schema: JsonSchema) => boolean

const never: Harmless = () => false
const emptyObject: Harmless = (value) => isObject(value) && Object.keys(value).length === 0
const isClosed = (schema: JsonSchema): boolean =>
  schema['additionalProperties'] === undefined || schema['additionalProperties'] === false
const countOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0)

/** What a grammar cannot hold a model to. */
const unsupportedKeywords: ReadonlyMap<string, Harmless> = new Map<string, Harmless>([
  ['not', never],
  ['if', never],
  ['contains', never],
  ['$dynamicRef', never],
  ['$recursiveRef', never],
  ['dependencies', emptyObject],
  ['dependentRequired', emptyObject],
  ['dependentSchemas', emptyObject],
  ['patternProperties', emptyObject],
  ['propertyNames', (value) => value === true || (isObject(value) && Object.entries(value).every(isTypeString))],
  ['minProperties', (value, schema) => typeof value === 'number' && value <= countOf(schema['required'])],
  [
    'maxProperties',
    (value, schema) =>
      typeof value === 'number' && isClosed(schema) && Object.keys(schema['properties'] ?? {}).length <= value,
  ],
  ['uniqueItems', (value, { maxItems }) => value === false || (typeof maxItems === 'number' && maxItems <= 1)],
  ['multipleOf', (value, { type }) => value === 1 && type === 'integer'],
  ['unevaluatedItems', (value) => value === true],
  ['unevaluatedProperties', (value, schema) => value === true || (value === false && isClosed(schema))],
])

function isTypeString([key, value]: readonly [string, unknown]): boolean {
  return key === 'type' && value === 'string'
}

/** The first keyword that changes what is valid in a way no grammar can express. */
export function unsupportedKeyword(schema: JsonSchema): string | undefined {
  return Object.keys(schema).find((key) => {
    const harmless = unsupportedKeywords.get(key)
    const value = schema[key]
    return harmless !== undefined && value !== undefined && !harmless(value, schema)
  })
}

const typeOfKeyword: ReadonlyMap<string, SchemaType> = new Map<string, SchemaType>([
  ['properties', 'object'],
  ['required', 'object'],
  ['additionalProperties', 'object'],
  ['items', 'array'],
  ['prefixItems', 'array'],
  ['minItems', 'array'],
  ['maxItems', 'array'],
  ['pattern', 'string'],
  ['format', 'string'],
  ['minLength', 'string'],
  ['maxLength', 'string'],
  ['minimum', 'number'],
  ['maximum', 'number'],
  ['exclusiveMinimum', 'number'],
  ['exclusiveMaximum', 'number'],
])

/**
 * The types to write. A schema that names none but speaks of one (`properties` without `type`) means that one;
 * a schema that says nothing of types takes any value and has an empty list here. Undefined: a type nobody knows.
 */
export function typesOfSchema(schema: JsonSchema): readonly SchemaType[] | undefined {
  const { type } = schema
  if (type === undefined) {
    return [...new Set(Object.keys(schema).flatMap((key) => typeOfKeyword.get(key) ?? []))]
  }
  const named: readonly JsonValue[] = Array.isArray(type) ? type : [type as JsonValue]
  const known = allTypes.filter((candidate) => named.includes(candidate))
  return known.length === 0 || known.length !== new Set(named).size ? undefined : known
}

/** Whether a JSON value is of one of the types; no types: any. */
export function hasType(value: JsonValue, types: readonly SchemaType[]): boolean {
  if (types.length === 0) return true
  if (value === null) return types.includes('null')
  if (Array.isArray(value)) return types.includes('array')
  if (typeof value !== 'number') return types.includes(typeof value as SchemaType)
  return types.includes('number') || (types.includes('integer') && Number.isInteger(value))
}
