import type { JsonValue } from '../base/json.ts'
import { TemplateFault } from './fault.ts'

/**
 * What a template works with. Maps are real maps and structs are built by hand, so nothing that a template names can
 * reach a prototype. Go's nil, and what a map does not have, is `null`.
 */
export type Value = null | boolean | number | string | Date | readonly Value[] | ValueMap | Struct
export type ValueMap = Map<string, Value>

/** Like a Go struct: fields under their Go names (asking for another one is an error), JSON under the names of its tags. */
export interface Struct {
  readonly fields: ReadonlyMap<string, Value>
  readonly json: JsonValue
}

export function struct(fields: Readonly<Record<string, Value>>, json: JsonValue = null): Struct {
  return { fields: new Map(Object.entries(fields)), json }
}

/** JSON as a template sees it: objects become maps. */
export function fromJson(json: JsonValue | undefined): Value {
  if (json === undefined || json === null || typeof json !== 'object') return json ?? null
  if (isJsonList(json)) return json.map(fromJson)
  return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]))
}

function isJsonList(json: object): json is readonly JsonValue[] {
  return Array.isArray(json)
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isStruct(value: Value): value is Struct {
  return typeof value === 'object' && value !== null && 'fields' in value
}

/** Go's truth: false, 0, nil and whatever has no elements are false; a struct never is. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  return value !== null && value !== false && value !== 0 && value !== ''
}

/** Go's word for what kind of value it is. Numbers have no kind of their own here: whole ones count as int. */
export function kindOf(value: Value): string {
  if (value === null) return 'invalid'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  if (isList(value)) return 'slice'
  return value instanceof Map ? 'map' : 'struct'
}

/** Go ranges over a map, and writes one, in the order of its keys. */
export function sortedEntries(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].sort(([one], [other]) => compareText(one, other))
}

/** By code points, as Go compares strings (JavaScript would compare UTF-16 units). */
export function compareText(one: string, other: string): number {
  if (one === other) return 0
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** What `.name` gives: nil for what a map does not have, an error for what a struct does not have. */
export function fieldOf(value: Value, name: string): Value {
  if (value instanceof Map) return value.get(name) ?? null
  if (isStruct(value)) {
    const field = value.fields.get(name)
    if (field !== undefined) return field
    throw new TemplateFault(`there is no field ${name} here (there are ${[...value.fields.keys()].join(', ')})`)
  }
  if (value === null) throw new TemplateFault(`nil has no field ${name}`)
  throw new TemplateFault(`a ${kindOf(value)} has no field ${name}`)
}
