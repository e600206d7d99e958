import { isObject, type JsonObject, type JsonValue } from '../../../base/json.ts'
import { pointedAt } from '../../../grammar/json-pointer.ts'
import { hasType, type SchemaType, typesOfSchema } from '../../../grammar/schema-keywords.ts'

/** How the value of a parameter is written between tags, as far as its schema says so. */
export interface ParameterForm {
  /** The texts that it may be, each as it stands; undefined: it is JSON. */
  readonly texts: readonly string[] | 'any' | undefined
  /** The types that it may have; none: any. */
  readonly types: readonly SchemaType[]
}

/** Schemas that are looked at for one parameter: references may come back to where they began. */
const MOST_SCHEMAS = 64
const ANY: ParameterForm = { texts: undefined, types: [] }

export function parameterForm(parameters: JsonObject | undefined, name: string): ParameterForm {
  const properties = parameters?.['properties']
  if (parameters === undefined || !isObject(properties) || !Object.hasOwn(properties, name)) return ANY
  const schema = properties[name] as JsonValue
  return { texts: textsOf(schema), types: createTypeFinder(parameters)(schema) }
}

function textsOf(schema: JsonValue): ParameterForm['texts'] {
  if (!isObject(schema)) return undefined
  const values = valuesOf(schema as JsonObject)
  if (values !== undefined && values.length > 0 && values.every((value) => typeof value === 'string')) return values
  return values === undefined && schema['type'] === 'string' ? 'any' : undefined
}

function valuesOf({ const: only, enum: listed }: JsonObject): readonly JsonValue[] | undefined {
  if (only !== undefined) return [only]
  return Array.isArray(listed) ? listed : undefined
}

function createTypeFinder(root: JsonObject): (schema: JsonValue) => readonly SchemaType[] {
  let left = MOST_SCHEMAS

  function typesOf(schema: JsonValue | undefined): readonly SchemaType[] {
    left -= 1
    if (left < 0 || !isObject(schema)) return []
    const { $ref: reference, anyOf, oneOf, allOf, ...rest } = schema as JsonObject
    const values = valuesOf(rest)
    if (values !== undefined) return [...new Set(values.map(typeOfValue))]
    const own = typesOfSchema(rest) ?? []
    if (own.length > 0) return own
    if (typeof reference === 'string') return typesOf(pointedAt(root, reference))
    const alternatives = anyOf ?? oneOf
    return Array.isArray(alternatives) ? unionOf(alternatives) : firstOf(allOf)
  }
  function firstOf(members: JsonValue | undefined): readonly SchemaType[] {
    for (const member of Array.isArray(members) ? members : []) {
      const types = typesOf(member)
      if (types.length > 0) return types
    }
    return []
  }
  function unionOf(alternatives: readonly JsonValue[]): readonly SchemaType[] {
    const union = new Set<SchemaType>()
    for (const alternative of alternatives) {
      const types = typesOf(alternative)
      if (types.length === 0) return []
      for (const type of types) union.add(type)
    }
    return [...union]
  }
  return typesOf
}

const valueTypes: readonly SchemaType[] = ['null', 'boolean', 'string', 'array', 'object', 'number']

function typeOfValue(value: JsonValue): SchemaType {
  return valueTypes.find((type) => hasType(value, [type])) ?? 'number'
}
