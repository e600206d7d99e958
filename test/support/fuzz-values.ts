export type Random = () => number

export function pick<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new Error('nothing to pick from')
  return list[Math.floor(random() * list.length)] as T
}

/** Values that no field is ready for. Nothing here is a name or an address of another machine. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 53 + 2,
  2 ** 31,
  '',
  ' ',
  'x',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '\u202eabc\ufeff',
  '💥'.repeat(300),
  'x'.repeat(5000),
  '__proto__',
  '../../../../etc/passwd',
  '/dev/zero',
  'file:///etc/passwd',
  'http://127.0.0.1:1/x',
  'http://[::1',
  'data:image/png;base64,!!!!',
  '{{.Input}}{{',
  '(a+)+$',
  '$(id)`id`;id',
  "' OR 1=1 --",
  '%s%n%x',
  '1e999',
  '-0',
  [],
  [null],
  [[]],
  ['', 1, {}],
  Array.from({ length: 3000 }, () => null),
  {},
  { type: 'x' },
  { toString: 1, constructor: { prototype: {} } },
  { length: 1e9 },
  nested(60),
]

export function oddValue(random: Random): unknown {
  return pick(random, ODD_VALUES)
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema | readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly minItems?: number
  readonly minLength?: number
}

/** Something that fits the schema more often than not, so that what is wrong with the rest of the request is seen. */
export function sampleOf(schema: unknown, random: Random, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > 6) return 'x'
  const { type, properties, items, anyOf, allOf, ...rest } = schema as Schema
  if ('const' in rest) return rest.const
  if (rest.enum !== undefined) return pick(random, rest.enum)
  if (anyOf !== undefined && anyOf.length > 0) return sampleOf(pick(random, anyOf), random, depth)
  if (allOf !== undefined) return Object.assign({}, ...allOf.map((part) => sampleOf(part, random, depth)))
  if (properties !== undefined) return sampleObject(properties, rest.required ?? [], { random, depth })
  switch (Array.isArray(type) ? type[0] : type) {
    case 'array': {
      const one = Array.isArray(items) ? items[0] : items
      const count = Math.max(rest.minItems ?? 0, Math.floor(random() * 3))
      return Array.from({ length: Math.min(count, 8) }, () => sampleOf(one, random, depth + 1))
    }
    case 'integer':
    case 'number':
      return Math.max(rest.minimum ?? 0, Math.floor(random() * 4))
    case 'boolean':
      return random() < 0.5
    case 'null':
      return null
    case 'object':
      return random() < 0.5 ? {} : { x: 'y' }
    default:
      return 'word'.repeat(Math.max(1, Math.ceil((rest.minLength ?? 0) / 4)))
  }
}

function sampleObject(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  { random, depth }: { readonly random: Random; readonly depth: number },
): Record<string, unknown> {
  const entries = Object.entries(properties)
    .filter(([name]) => required.includes(name) || random() < 0.2)
    .map(([name, schema]): [string, unknown] => [name, sampleField(name, schema, { random, depth })])
  return Object.fromEntries(entries)
}

/** Names that mean something get a value that means something: most of the way lies behind the model. */
function sampleField(
  name: string,
  schema: Schema,
  { random, depth }: { readonly random: Random; readonly depth: number },
): unknown {
  if ((name === 'model' || name === 'model_id') && random() < 0.8) return 'tiny'
  return sampleOf(schema, random, depth + 1)
}

/** The value with one thing in it replaced, removed or added, at a random depth. */
export function damage(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.1) return oddValue(random)
  if (Array.isArray(value)) {
    if (value.length === 0) return [oddValue(random)]
    const at = Math.floor(random() * value.length)
    return value.map((item, index) => (index === at ? damage(item, random) : item))
  }
  const names = Object.keys(value)
  if (names.length === 0 || random() < 0.1)
    return { ...value, [pick(random, ['x', '', 'a.b', '💥'])]: oddValue(random) }
  const name = pick(random, names)
  const { [name]: hit, ...others } = value as Record<string, unknown>
  return random() < 0.2 ? others : { ...others, [name]: damage(hit, random) }
}
