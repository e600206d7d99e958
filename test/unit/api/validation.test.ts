import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { toValidationError } from '../../../src/api/validation.ts'

const Item = Type.Object({
  kind: Type.Enum(['a', 'b']),
  size: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
})
const Body = Type.Object({
  name: Type.String({ maxLength: 3 }),
  items: Type.Optional(Type.Union([Type.Array(Item), Item, Type.Null()])),
  'odd/na~me': Type.Optional(Type.Number({ minimum: 1 })),
})

function complain(schema: TSchema, value: unknown) {
  const error = toValidationError(Compile(schema).Errors(value), 'body')
  assert.equal(error.code, 'request.invalid')
  return [error.details['param'] ?? null, error.message]
}

describe('toValidationError', () => {
  const cases: readonly [value: unknown, param: string | null, message: RegExp][] = [
    [5, null, /^the body must be an object$/],
    [{}, 'name', /^name is required$/],
    [{ name: 5 }, 'name', /^name must be a string$/],
    [{ name: 'long' }, 'name', /^name must not have more than 3 characters$/],
    [{ name: 'a', items: 'x' }, 'items', /^items must be an array or an object$/],
    [{ name: 'a', items: [{}] }, 'items[0].kind', /^items\[0\]\.kind is required$/],
    [{ name: 'a', items: [{ kind: 'c' }] }, 'items[0].kind', /^items\[0\]\.kind must be one of: a, b$/],
    [{ name: 'a', items: [{ kind: 'a' }, { kind: 'a', size: 1.5 }] }, 'items[1].size', /must be an integer$/],
    [{ name: 'a', items: { kind: 'a', size: 'x' } }, 'items.size', /^items\.size must be an integer$/],
    [{ name: 'a', 'odd/na~me': 0 }, 'odd~1na~0me', /must be >= 1$/],
  ]
  for (const [value, param, message] of cases) {
    it(`blames ${param ?? 'the body'} in ${JSON.stringify(value)}`, () => {
      const [blamed, said] = complain(Body, value)
      assert.equal(blamed, param)
      assert.match(String(said), message)
    })
  }

  it('has a word for nothing at all', () => {
    assert.equal(toValidationError([], undefined).message, 'the request is invalid')
  })
})
