import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { JsonSchema } from './json-schema.ts'

/** Says that two schemas cannot be combined. It never returns. */
export type RefuseMerge = (what: string) => never

/** Keywords that say nothing about what is valid. */
const annotations = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
])

/** True for a schema that says nothing about what is valid, apart from the keywords named. */
export function onlyAnnotates(schema: JsonSchema, except: readonly string[] = []): boolean {
  return Object.keys(schema).every((key) => annotations.has(key) || except.includes(key))
}

type MergeKeyword = (left: JsonValue, right: JsonValue, refuse: RefuseMerge) => JsonValue | undefined

const larger: MergeKeyword = (left, right) => Math.max(Number(left), Number(right))
const smaller: MergeKeyword = (left, right) => Math.min(Number(left), Number(right))
const both: MergeKeyword = (left, right) => (sameJson(left, right) ? left : { allOf: [left, right] })

const keywordMergers: ReadonlyMap<string, MergeKeyword> = new Map<string, MergeKeyword>([
  ['type', mergeTypes],
  ['required', (left, right) => [...new Set([...listOf(left), ...listOf(right)])]],
  ['enum', (left, right) => common(listOf(left), listOf(right))],
  ['items', both],
  ['minimum', larger],
  ['exclusiveMinimum', larger],
  ['minLength', larger],
  ['minItems', larger],
  ['minProperties', larger],
  ['maximum', smaller],
  ['exclusiveMaximum', smaller],
  ['maxLength', smaller],
  ['maxItems', smaller],
  ['maxProperties', smaller],
  ['uniqueItems', (left, right) => left === true || right === true],
  ['format', (_left, right) => right],
])

/** The schema of what is valid for both. Neither may have `$ref` or `allOf` at its top. */
export function mergeSchemas(left: JsonSchema, right: JsonSchema, refuse: RefuseMerge): JsonSchema {
  const merged = new Map<string, JsonValue | undefined>(Object.entries(left))
  for (const [key, value] of Object.entries(right)) {
    const before = merged.get(key)
    if (value === undefined || key === 'properties' || key === 'additionalProperties') continue
    merged.set(key, before === undefined ? value : mergeKeyword(key, [before, value], refuse))
  }
  const properties = mergeProperties(left, right)
  if (properties !== undefined) merged.set('properties', properties)
  const additional = mergeAdditional(left['additionalProperties'], right['additionalProperties'])
  if (additional !== undefined) merged.set('additionalProperties', additional)
  return Object.fromEntries(merged)
}

function mergeKeyword(key: string, [left, right]: readonly [JsonValue, JsonValue], refuse: RefuseMerge): JsonValue {
  if (annotations.has(key) || sameJson(left, right)) return right
  const merge = keywordMergers.get(key)
  return merge?.(left, right, refuse) ?? refuse(`two different values of "${key}" in one allOf`)
}

function mergeTypes(left: JsonValue, right: JsonValue): JsonValue | undefined {
  const allowed = typesOf(right)
  const types = typesOf(left).flatMap((type) => {
    if (allowed.includes(type)) return [type]
    if (type === 'number' && allowed.includes('integer')) return ['integer']
    return type === 'integer' && allowed.includes('number') ? ['integer'] : []
  })
  return types.length === 0 ? undefined : types
}

function typesOf(type: JsonValue): readonly JsonValue[] {
  return Array.isArray(type) ? type : [type]
}

function listOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

/** The values of the first list that are in the second. */
export function common(values: readonly JsonValue[], others: readonly JsonValue[]): readonly JsonValue[] {
  const texts = new Set(others.map((other) => JSON.stringify(other)))
  return values.filter((value) => texts.has(JSON.stringify(value)))
}

/** A property that only one side names must please the other side's `additionalProperties`. */
function mergeProperties(left: JsonSchema, right: JsonSchema): JsonObject | undefined {
  const [ofLeft, ofRight] = [left['properties'], right['properties']]
  if (ofLeft === undefined && ofRight === undefined) return undefined
  const leftEntries = new Map(Object.entries(isObject(ofLeft) ? (ofLeft as JsonObject) : {}))
  const rightEntries = new Map(Object.entries(isObject(ofRight) ? (ofRight as JsonObject) : {}))
  const merged: [string, JsonValue][] = []
  for (const name of new Set([...leftEntries.keys(), ...rightEntries.keys()])) {
    const one = leftEntries.get(name) ?? left['additionalProperties'] ?? true
    const other = rightEntries.get(name) ?? right['additionalProperties'] ?? true
    merged.push([name, mergeProperty(one, other)])
  }
  return Object.fromEntries(merged)
}

function mergeProperty(one: JsonValue, other: JsonValue): JsonValue {
  if (one === false || other === false) return false
  if (one === true) return other
  return other === true || sameJson(one, other) ? one : { allOf: [one, other] }
}

function mergeAdditional(left: JsonValue | undefined, right: JsonValue | undefined): JsonValue | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return mergeProperty(left, right)
}

function sameJson(left: JsonValue, right: JsonValue): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
