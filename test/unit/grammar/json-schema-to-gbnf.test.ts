import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'
import Schema from 'typebox/schema'
import { AppError } from '../../../src/base/errors.ts'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { createGrammarRules } from '../../../src/grammar/gbnf.ts'
import { jsonObjectGbnf, objectRule } from '../../../src/grammar/json-rules.ts'
import { jsonSchemaToGbnf } from '../../../src/grammar/json-schema-to-gbnf.ts'
import { toolArgumentsRule } from '../../../src/grammar/tool-call-gbnf.ts'
import { createGbnfSampler } from '../../support/gbnf.ts'
import { llamaGrammarTest } from '../../support/llama-grammar.ts'
import { seededRandom } from '../../support/random.ts'
import { randomSchema } from '../../support/random-schema.ts'

const text = { type: 'string' }

function sampled(schema: JsonObject, count = 40): string[] {
  const sampler = createGbnfSampler(jsonSchemaToGbnf(schema))
  const random = seededRandom(7)
  return Array.from({ length: count }, () => sampler.sample(random))
}

function assertAllValid(schema: JsonObject, texts: readonly string[]): void {
  const validator = Schema.Compile(schema)
  for (const sample of texts) {
    const value: unknown = JSON.parse(sample)
    assert.ok(validator.Check(value), `${sample} is not valid under ${JSON.stringify(schema)}`)
  }
}

describe('what a schema grammar lets through is valid under the schema', () => {
  it('for random schemas', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const schema = randomSchema(seededRandom(seed))
      assertAllValid(schema, sampled(schema, 12))
    }
  })

  it('with recursion through $ref, $defs and definitions', () => {
    const schema = {
      $defs: {
        tree: {
          type: 'object',
          properties: { value: { $ref: '#/definitions/value' }, next: { $ref: '#/$defs/tree' } },
          required: ['value'],
        },
      },
      definitions: {
        value: { anyOf: [{ type: 'integer' }, { type: 'array', items: { $ref: '#/definitions/value' } }] },
      },
      $ref: '#/$defs/tree',
    }
    const texts = sampled(schema)
    assertAllValid(schema, texts)
    assert.ok(texts.some((sample) => sample.includes('"next"')))
  })

  it('with a reference to the whole document', () => {
    assertAllValid(
      ...withSamples({ type: 'object', properties: { child: { $ref: '#' }, n: { type: 'integer' } }, required: ['n'] }),
    )
  })

  it('with keywords beside $ref and anyOf', () => {
    const schema = {
      $defs: { named: { type: 'object', properties: { name: text }, required: ['name'] } },
      $ref: '#/$defs/named',
      properties: { age: { type: 'integer', minimum: 0 } },
      required: ['age'],
    }
    assertAllValid(...withSamples(schema))
    const either = {
      type: 'object',
      properties: { a: text, b: text },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    }
    assertAllValid(...withSamples(either))
  })

  it('with other properties that must not pass for declared ones', () => {
    const schema = {
      type: 'object',
      properties: { ab: { type: 'integer' }, abc: { type: 'null' } },
      additionalProperties: text,
    }
    assertAllValid(...withSamples(schema, 400))
  })

  it('with names that need escapes beside other properties', () => {
    const properties = { 'quo"te': text, 'back\\slash': text, 'line\nbreak': text, 'a\\': { type: 'null' } }
    assertAllValid(...withSamples({ type: 'object', properties, additionalProperties: { type: 'integer' } }, 400))
  })

  it('with numbers in ranges of every kind', () => {
    const bounds = [-12.345, -1, -0.5, 0, 0.25, 0.3, 1, 7, 10, 99.99, 123_456]
    for (const low of bounds) {
      for (const high of bounds.filter((bound) => bound > low)) {
        assertAllValid(...withSamples({ type: 'number', minimum: low, maximum: high }, 8))
        assertAllValid(...withSamples({ type: 'number', exclusiveMinimum: low, exclusiveMaximum: high }, 8))
        if (Math.ceil(low) <= Math.floor(high))
          assertAllValid(...withSamples({ type: 'integer', minimum: low, maximum: high }, 8))
      }
      assertAllValid(...withSamples({ type: 'number', minimum: low }, 8))
      assertAllValid(...withSamples({ type: 'number', exclusiveMaximum: low }, 8))
      assertAllValid(...withSamples({ type: 'integer', exclusiveMinimum: low }, 8))
    }
  })

  it('any object under jsonObjectGbnf', () => {
    const sampler = createGbnfSampler(jsonObjectGbnf())
    const random = seededRandom(3)
    for (let count = 0; count < 50; count += 1) {
      const value: unknown = JSON.parse(sampler.sample(random))
      assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value))
    }
  })
})

function withSamples(schema: JsonObject, count = 40): [JsonObject, string[]] {
  return [schema, sampled(schema, count)]
}

describe('a schema grammar, as llama.cpp reads it', () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })

  const accepts = (grammar: string): Promise<(sample: string) => boolean> => llamaGrammarTest(llama, grammar)

  it('parses, and takes every text we say it lets through, for random schemas', async () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const schema = randomSchema(seededRandom(seed))
      const fits = await accepts(jsonSchemaToGbnf(schema))
      for (const sample of sampled(schema, 3)) assert.ok(fits(sample), `${sample} under ${JSON.stringify(schema)}`)
    }
  })

  const cases: readonly { name: string; schema: JsonObject; good: readonly unknown[]; bad: readonly unknown[] }[] = [
    {
      name: 'any subset of the optional properties, in order',
      schema: { type: 'object', properties: { a: text, b: text, c: text }, required: ['b'] },
      good: [{ b: '' }, { a: '', b: '' }, { b: '', c: '' }, { a: '', b: '', c: '' }],
      bad: [{}, { a: '' }, { b: 1 }, { b: '', a: '' }, { b: '', d: '' }, { c: '' }],
    },
    {
      name: 'no property at all when none is required',
      schema: { type: 'object', properties: { a: text, b: text } },
      good: [{}, { a: '' }, { b: '' }, { a: '', b: '' }],
      bad: [{ c: '' }],
    },
    {
      name: 'an empty object for a tool without parameters',
      schema: { type: 'object', properties: {} },
      good: [{}],
      bad: [{ a: 1 }, []],
    },
    {
      name: 'other properties of one type only',
      schema: { type: 'object', properties: { a: text }, additionalProperties: { type: 'integer' } },
      good: [{}, { a: 'x' }, { b: 1 }, { a: 'x', b: 1, c: 2 }, { aa: 1 }],
      bad: [{ a: 1 }, { b: 'x' }],
    },
    {
      name: 'lengths beyond what llama.cpp repeats at once',
      schema: { type: 'string', minLength: 1201, maxLength: 4999 },
      good: ['x'.repeat(1201), 'y'.repeat(4999), '😀'.repeat(1201), '"'.repeat(2000)],
      bad: ['x'.repeat(1200), 'y'.repeat(5000)],
    },
    {
      name: 'lengths',
      schema: { type: 'string', minLength: 2, maxLength: 3 },
      good: ['ab', 'abc', '\n"'],
      bad: ['a', 'abcd'],
    },
    {
      name: 'item counts',
      schema: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
      good: [[1], [1, 2, 3]],
      bad: [[], [1, 2, 3, 4], ['a']],
    },
    { name: 'no items', schema: { type: 'array', maxItems: 0 }, good: [[]], bad: [[1]] },
    {
      name: 'tuples',
      schema: { type: 'array', prefixItems: [text, { type: 'null' }] },
      good: [['a', null]],
      bad: [['a'], [null, 'a'], ['a', null, 1]],
    },
    {
      name: 'integer ranges',
      schema: { type: 'integer', minimum: -12, maximum: 305 },
      good: [-12, -9, -1, 0, 7, 99, 300, 305],
      bad: [-13, 306, 1.5, 3050],
    },
    {
      name: 'numbers',
      schema: { type: 'number', minimum: 0, exclusiveMaximum: 1 },
      good: [0, 0.5, 0.999],
      bad: [1, -0.1, 2],
    },
    {
      name: 'enums',
      schema: { enum: ['a', 1, null, { x: [1, 2] }] },
      good: ['a', 1, null, { x: [1, 2] }],
      bad: ['b', 2, {}],
    },
    {
      name: 'an enum cut by type',
      schema: { type: ['string', 'null'], enum: ['a', 1, null] },
      good: ['a', null],
      bad: [1],
    },
    { name: 'type lists', schema: { type: ['integer', 'null'] }, good: [1, null], bad: ['1', 1.5] },
    {
      name: 'dates',
      schema: { type: 'string', format: 'date' },
      good: ['2024-01-31', '1999-12-01'],
      bad: ['2024-02-30', '2024-13-01', '24-1-1'],
    },
    {
      name: 'patterns',
      schema: { type: 'string', pattern: '^[A-Z]{2,3}(-\\d+)?\\.$' },
      good: ['AB.', 'ABC-42.'],
      bad: ['A.', 'ABCD.', 'AB-.', 'AB'],
    },
    {
      name: 'a pattern with quotes',
      schema: { type: 'string', pattern: '^"[^a]\\\\$' },
      good: ['"b\\', '"\n\\'],
      bad: ['"a\\', 'b'],
    },
    {
      name: 'merged schemas',
      schema: {
        allOf: [
          { type: ['number', 'string'], minimum: 3 },
          { type: 'integer', maximum: 5 },
        ],
      },
      good: [3, 5],
      bad: [2, 6, 'x'],
    },
    {
      name: 'the nothing that a false property allows',
      schema: { type: 'object', properties: { a: false, b: text } },
      good: [{}, { b: '' }],
      bad: [{ a: 1 }],
    },
  ]
  for (const { name, schema, good, bad } of cases) {
    it(`holds to ${name}`, async () => {
      const fits = await accepts(jsonSchemaToGbnf(schema))
      for (const value of good) {
        assert.ok(fits(JSON.stringify(value)), `should take ${JSON.stringify(value).slice(0, 80)}`)
        assert.ok(fits(spaced(value as JsonValue)), `should take ${spaced(value as JsonValue).slice(0, 80)}`)
      }
      for (const value of bad)
        assert.ok(!fits(JSON.stringify(value)), `should refuse ${JSON.stringify(value).slice(0, 80)}`)
    })
  }

  it('never takes blanks without end', async () => {
    const fits = await accepts(jsonSchemaToGbnf({ type: 'object', properties: { a: text } }))
    assert.ok(fits(`{\n${' '.repeat(20)}"a": ""\n}`))
    assert.ok(!fits(`{\n${' '.repeat(21)}"a": ""}`))
    assert.ok(!fits('{\n\n"a": ""}'))
    assert.ok(!fits('{"a":  ""}'))
  })

  it('takes whole surrogate pairs only', async () => {
    const fits = await accepts(jsonSchemaToGbnf(text))
    assert.ok(fits('"\\ud83d\\ude00 \\u00e9 \\ud7ff"'))
    assert.ok(!fits('"\\ud83d"'))
    assert.ok(!fits('"\\ude00"'))
  })
})

/** As Python's json.dumps writes it. */
function spaced(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => spaced(item)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member ?? null)}`)
    .join(', ')}}`
}

describe('a schema that no grammar can hold a model to', () => {
  const refusals: readonly { name: string; schema: JsonObject; at: string }[] = [
    { name: 'not', schema: { properties: { x: { not: { type: 'string' } } } }, at: '#/properties/x' },
    { name: 'if', schema: { if: { type: 'string' } }, at: '#' },
    { name: 'patternProperties', schema: { type: 'object', patternProperties: { '^a': {} } }, at: '#' },
    { name: 'uniqueItems', schema: { type: 'array', items: { type: 'array', uniqueItems: true } }, at: '#/items' },
    { name: 'multipleOf', schema: { type: 'number', multipleOf: 0.01 }, at: '#' },
    { name: 'minProperties', schema: { type: 'object', minProperties: 1 }, at: '#' },
    { name: 'contains', schema: { type: 'array', contains: {} }, at: '#' },
    {
      name: 'an unanchored pattern',
      schema: { properties: { 'a/b': { type: 'string', pattern: 'x' } } },
      at: '#/properties/a~1b',
    },
    { name: 'look-ahead', schema: { type: 'string', pattern: '^(?=a).$' }, at: '#' },
    { name: 'a back reference', schema: { type: 'string', pattern: '^(a)\\1$' }, at: '#' },
    { name: 'a repeated nothing', schema: { type: 'string', pattern: '^(a*)*$' }, at: '#' },
    { name: 'a pattern with a length', schema: { type: 'string', pattern: '^a$', maxLength: 3 }, at: '#' },
    { name: 'a reference to elsewhere', schema: { $ref: 'https://example.com/schema' }, at: '#' },
    { name: 'a reference to nothing', schema: { $ref: '#/$defs/none' }, at: '#' },
    { name: 'a reference into a prototype', schema: { $ref: '#/constructor' }, at: '#' },
    {
      name: 'a circle of references',
      schema: { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
      at: '#',
    },
    { name: 'itself', schema: { $ref: '#' }, at: '#' },
    { name: 'itself or a text', schema: { anyOf: [text, { $ref: '#' }] }, at: '#' },
    { name: 'an allOf of itself', schema: { allOf: [{ $ref: '#' }, { type: 'object', required: ['a'] }] }, at: '#' },
    { name: 'an unknown type', schema: { type: 'file' }, at: '#' },
    { name: 'an empty range', schema: { type: 'integer', minimum: 5, maximum: 4 }, at: '#' },
    {
      name: 'a range without an integer',
      schema: { type: 'integer', exclusiveMinimum: 4, exclusiveMaximum: 5 },
      at: '#',
    },
    { name: 'crossed lengths', schema: { type: 'string', minLength: 5, maxLength: 4 }, at: '#' },
    { name: 'a huge length', schema: { type: 'string', maxLength: 1e9 }, at: '#' },
    { name: 'a huge enum', schema: { enum: Array.from({ length: 3000 }, (_, index) => index) }, at: '#' },
    { name: 'contradicting types', schema: { allOf: [text, { type: 'null' }] }, at: '#' },
    { name: 'two patterns', schema: { allOf: [{ pattern: '^a$' }, { pattern: '^b$' }] }, at: '#' },
    { name: 'nothing', schema: { type: 'object', properties: { a: false }, required: ['a'] }, at: '#/properties/a' },
    { name: 'depth', schema: nested(100), at: '#/items' },
    { name: 'width', schema: { type: 'object', properties: wide(30_000) }, at: '#' },
    { name: 'references that double in an allOf', schema: doubling((both) => ({ allOf: both })), at: '#/$defs/d0' },
    {
      name: 'references that double in an anyOf',
      schema: doubling((both) => ({ type: 'object', anyOf: both })),
      at: '#/$defs/d0/anyOf/0/anyOf/0',
    },
  ]
  for (const { name, schema, at } of refusals) {
    it(`is refused with its place: ${name}`, () => {
      assert.throws(
        () => jsonSchemaToGbnf(schema),
        (error: unknown) => {
          assert.ok(error instanceof AppError)
          assert.equal(error.code, 'request.invalid')
          assert.match(error.message, /^response_format: /)
          assert.ok(error.message.includes(` at ${at}`), error.message)
          return true
        },
      )
    })
  }

  it('compares the values of two long lists', () => {
    const values = Array.from({ length: 12_000 }, (_, index) => index)
    assert.throws(() => jsonSchemaToGbnf({ allOf: [{ enum: values }, { enum: values.toReversed() }] }), /2000 values/)
  })

  it('costs no more for many tools than for one', () => {
    const rules = createGrammarRules()
    const hostile = doubling((both) => ({ allOf: both }))
    const cheap = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    assert.notEqual(toolArgumentsRule(rules, cheap), objectRule(rules))
    toolArgumentsRule(rules, hostile)
    const { spent } = rules.effort
    for (let count = 0; count < 1000; count += 1) assert.equal(toolArgumentsRule(rules, hostile), objectRule(rules))
    assert.ok(rules.effort.spent < 1.1 * spent, String(rules.effort.spent / spent))
  })

  it('names the field it came in', () => {
    assert.throws(() => jsonSchemaToGbnf({ type: 'x' }, { subject: 'tools[0]' }), /^AppError: tools\[0\]: /)
  })

  it('takes keywords that change nothing', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'T',
      description: 'D',
      type: 'object',
      properties: {
        a: { type: 'array', items: text, uniqueItems: false },
        b: { type: 'string', format: 'unheard-of' },
      },
      propertyNames: { type: 'string' },
      minProperties: 0,
      unevaluatedProperties: false,
      'x-mine': 1,
    }
    assertAllValid(...withSamples(schema))
  })

  it('grows with the number of optional properties, not with their subsets', () => {
    const size = (count: number): number => jsonSchemaToGbnf({ type: 'object', properties: wide(count) }).length
    assert.ok(size(400) < 2.5 * size(200))
  })
})

function nested(depth: number): JsonObject {
  let schema: JsonObject = text
  for (let level = 0; level < depth; level += 1) schema = { type: 'array', items: schema }
  return schema
}

/** Each schema says twice that it is the next one: 2¹⁸ places for the last. */
function doubling(combined: (both: JsonObject[]) => JsonObject): JsonObject {
  const steps = Array.from({ length: 18 }, (_, step): [string, JsonObject] => {
    const next = { $ref: `#/$defs/d${step + 1}` }
    return [`d${step}`, combined([next, next])]
  })
  return { $ref: '#/$defs/d0', $defs: Object.fromEntries([...steps, ['d18', { type: 'object' }]]) }
}

function wide(count: number): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`property-${index}`, text]))
}
