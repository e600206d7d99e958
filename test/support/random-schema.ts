import type { JsonObject, JsonValue } from '../../src/base/json.ts'

/** Schemas at random, out of everything the grammar writer supports. */
export function randomSchema(random: () => number, depth = 0): JsonObject {
  const kinds = depth < 3 ? [...leafKinds, ...branchKinds] : leafKinds
  return pick(random, kinds)(random, depth)
}

type SchemaKind = (random: () => number, depth: number) => JsonObject

function pick<T>(random: () => number, list: readonly T[]): T {
  const chosen = list[Math.floor(random() * list.length)]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}

function upTo(random: () => number, most: number): number {
  return Math.floor(random() * (most + 1))
}

function maybe<T extends object>(random: () => number, value: T): T | Record<string, never> {
  return random() < 0.5 ? value : {}
}

function decimal(random: () => number): number {
  return Number(((random() - 0.5) * pick(random, [1, 10, 1000, 100_000])).toFixed(upTo(random, 4)))
}

const names = [
  'a',
  'ab',
  'b',
  'name',
  'na',
  'with space',
  'quo"te',
  'back\\slash',
  'ünï',
  'x/y~z',
  '',
  'line\nbreak',
  '-',
  '^]',
]
const patterns = [
  '^[a-f0-9]{4,8}$',
  '^(\\d{3}-)?\\d{4}$',
  '^\\w+@\\w+\\.(com|org)$',
  '^[^"\\\\]{1,5}$',
  '^"\\[.\\]"$',
  '^a*b?c+$',
]

const leafKinds: readonly SchemaKind[] = [
  () => ({ type: 'boolean' }),
  () => ({ type: 'null' }),
  (random) => ({ type: 'string', ...maybe(random, { minLength: upTo(random, 3), maxLength: 3 + upTo(random, 500) }) }),
  (random) => ({
    type: 'string',
    format: pick(random, ['date', 'time', 'date-time', 'uuid', 'email', 'ipv4', 'hostname', 'uri']),
  }),
  (random) => ({ type: 'string', pattern: pick(random, patterns) }),
  (random) => {
    const bounds = [decimal(random), decimal(random)].sort((a, b) => a - b)
    const [low = 0, high = 0] = bounds
    const integer = Math.floor(high) >= Math.ceil(low) && random() < 0.5
    return {
      type: integer ? 'integer' : 'number',
      ...maybe(random, { minimum: low }),
      ...maybe(random, { maximum: high }),
      ...(integer || low === high ? {} : maybe(random, { exclusiveMinimum: low })),
      ...(integer || low === high ? {} : maybe(random, { exclusiveMaximum: high })),
    }
  },
  (random) => ({ enum: Array.from({ length: 1 + upTo(random, 4) }, () => randomValue(random, 0)) }),
  (random) => ({ const: randomValue(random, 0) }),
  (random) => ({ type: [pick(random, ['string', 'integer']), pick(random, ['null', 'boolean'])] }),
]

function randomValue(random: () => number, depth: number): JsonValue {
  const leaf = pick<JsonValue>(random, [null, true, false, 0, -1.5, 1e21, '', 'tëxt "q" \\ \n 日本 😀', 'a-b]'])
  if (depth > 1 || random() < 0.7) return leaf
  return random() < 0.5
    ? [leaf, randomValue(random, depth + 1)]
    : { [pick(random, names)]: randomValue(random, depth + 1) }
}

function randomProperties(random: () => number, depth: number): JsonObject {
  const chosen = names.filter(() => random() < 0.35)
  const entries = chosen.map((name): [string, JsonObject] => [name, randomSchema(random, depth + 1)])
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    required: chosen.filter(() => random() < 0.4),
  }
}

const branchKinds: readonly SchemaKind[] = [
  (random, depth) => ({
    ...randomProperties(random, depth),
    ...pick<JsonObject>(random, [{}, { additionalProperties: false }, { additionalProperties: true }]),
  }),
  (random, depth) => ({
    ...randomProperties(random, depth),
    additionalProperties: randomSchema(random, depth + 1),
  }),
  (random, depth) => {
    const minItems = upTo(random, 3)
    const bounds = { ...maybe(random, { minItems }), ...maybe(random, { maxItems: minItems + upTo(random, 3) }) }
    return { type: 'array', items: randomSchema(random, depth + 1), ...bounds }
  },
  (random, depth) => ({
    type: 'array',
    prefixItems: [randomSchema(random, depth + 1), randomSchema(random, depth + 1)],
    ...maybe(random, { items: pick<JsonValue>(random, [false, { type: 'integer' }]) }),
  }),
  (random, depth) => ({ anyOf: [randomSchema(random, depth + 1), randomSchema(random, depth + 1)] }),
  (random) => ({ oneOf: [{ type: 'string', maxLength: 4 }, { type: 'object' }, { const: pick(random, [1, null]) }] }),
  (random, depth) => ({
    allOf: [
      { type: 'object', properties: { left: randomSchema(random, depth + 1) }, required: ['left'] },
      { type: 'object', properties: { right: randomSchema(random, depth + 1) }, required: ['right'] },
    ],
  }),
  () => ({ type: 'array' }),
  () => ({ type: 'object' }),
]
