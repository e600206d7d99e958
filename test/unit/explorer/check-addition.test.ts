import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { checkAddition, checkChange } from '../../../src/explorer/check-addition.ts'
import type { ReadToken } from '../../../src/explorer/listed-network.ts'

const readToken: ReadToken = (text) => {
  if (text === 'bad') throw new AppError('token.invalid', 'no')
  return { kind: text.startsWith('view') ? 'view' : 'full', id: '0'.repeat(32), text }
}
const toAddress = (text: string): string => {
  if (text === 'nowhere') throw new Error('no')
  return `/dns/${text}/tcp/1`
}
const check = (body: unknown) => checkAddition(body, { readToken, toAddress })
const GOOD = { token: 'full', name: ' A lab ', description: 'two\r\nlines' }

describe('what is checked of a network that is added', () => {
  const wrong: readonly (readonly [body: unknown, sentence: RegExp])[] = [
    [undefined, /^Cannot parse JSON$/],
    [[], /^Cannot parse JSON$/],
    ['text', /^Cannot parse JSON$/],
    [{ ...GOOD, token: 7 }, /^Cannot parse JSON$/],
    // Of several faults the first in LocalAI's order is named.
    [{}, /^Token is required$/],
    [{ token: ' ' }, /^Token is required$/],
    [{ token: 'bad' }, /^Name is required$/],
    [{ token: 'bad', name: 'n' }, /^Description is required$/],
    [{ token: 'bad', name: 'n', description: 'd' }, /^Invalid token$/],
    [{ ...GOOD, name: 'n'.repeat(101) }, /^Name is longer than 100/],
    [{ ...GOOD, name: 'a\nb' }, /^Name has characters/],
    [{ ...GOOD, name: 'a\u202eb' }, /^Name has characters/],
    [{ ...GOOD, description: 'd'.repeat(1001) }, /^Description is longer than 1000/],
    [{ ...GOOD, description: 'a\u0000b' }, /^Description has characters/],
    [{ ...GOOD, token: 'view', open: true }, /^A view token opens nothing/],
    [{ ...GOOD, addresses: ['nowhere'] }, /"nowhere" is not valid/],
    [{ ...GOOD, addresses: 'x' }, /^Addresses must be a list/],
    [{ ...GOOD, addresses: Array(9).fill('x') }, /^Addresses must be a list/],
  ]
  for (const [body, message] of wrong) {
    it(`${JSON.stringify(body)?.slice(0, 70)} is refused: ${message.source}`, () => {
      assert.throws(() => check(body), { code: 'request.invalid', message })
    })
  }

  it('takes the rest as it is, trimmed', () => {
    assert.deepEqual(check({ ...GOOD, open: true, addresses: ['example.test'] }), {
      token: { kind: 'full', id: '0'.repeat(32), text: 'full' },
      ...{ name: 'A lab', description: 'two\nlines', open: true, addresses: ['/dns/example.test/tcp/1'] },
    })
    assert.equal(check({ ...GOOD, token: 'view' }).open, false)
  })

  it('lets the adder change each field alone, and none to nothing', () => {
    assert.deepEqual(checkChange({}), {})
    assert.deepEqual(checkChange({ open: false }), { open: false })
    assert.deepEqual(checkChange({ name: ' new ' }), { name: 'new' })
    assert.throws(() => checkChange({ name: ' ' }), { message: 'Name is required' })
    assert.throws(() => checkChange({ open: 'yes' }), { message: /^Open must be/ })
    assert.throws(() => checkChange(undefined), { message: 'Cannot parse JSON' })
  })
})
