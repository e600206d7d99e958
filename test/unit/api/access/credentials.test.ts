import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { credentialOf } from '../../../../src/api/access/credentials.ts'

describe('the key of a request', () => {
  const cases: readonly [headers: Parameters<typeof credentialOf>[0], key: string | undefined][] = [
    [{}, undefined],
    [{ authorization: 'Bearer one' }, 'one'],
    [{ authorization: 'bearer one' }, 'one'],
    [{ authorization: 'Bearer   one ' }, 'one'],
    [{ authorization: 'one' }, 'one'],
    [{ authorization: 'Bearerone' }, 'Bearerone'],
    [{ authorization: 'Bearer' }, undefined],
    [{ authorization: 'Bearer ', 'x-api-key': 'two' }, 'two'],
    [{ authorization: 'Bearer one', 'x-api-key': 'two', 'xi-api-key': 'three' }, 'one'],
    [{ 'x-api-key': 'two', 'xi-api-key': 'three' }, 'two'],
    [{ 'xi-api-key': 'three', cookie: 'token=four' }, 'three'],
    [{ cookie: 'a=b; token=four; token=five' }, 'four'],
    [{ cookie: 'token=fo=ur' }, 'fo=ur'],
    [{ cookie: 'token=four; session=six' }, 'six'],
    [{ 'xi-api-key': 'three', cookie: 'session=six' }, 'three'],
    [{ cookie: 'mytoken=four; tokens=five' }, undefined],
    [{ 'x-api-key': ['two', 'three'] }, undefined],
  ]
  for (const [headers, key] of cases) {
    it(`${JSON.stringify(headers)}: ${key}`, () => {
      assert.equal(credentialOf(headers, { sessions: true })?.secret, key)
    })
  }
})
