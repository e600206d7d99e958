import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyOf, readKeyText, toKeyText } from '../../../../src/federation/idempotency/request-key.ts'

function request(name: string | undefined, more: Partial<Parameters<typeof keyOf>[0]> = {}) {
  const headers = { 'content-type': 'application/json', ...(name === undefined ? {} : { 'idempotency-key': name }) }
  return { method: 'POST', target: '/v1/x', headers, body: Buffer.from('{}'), ...more }
}

function form(boundary: string) {
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': 'k' }
  return request('k', { headers, body: Buffer.from(`--${boundary}\r\n\r\nhi\r\n--${boundary}--`) })
}

describe('the key of a request', () => {
  it('is there when its client has named it', () => {
    assert.equal(keyOf(request(undefined)), undefined)
    assert.equal(keyOf(request('k', { method: 'GET' })), undefined)
    const key = keyOf(request('k'))
    assert.ok(key !== undefined)
    assert.deepEqual(keyOf(request('"k"')), key)
    assert.deepEqual(readKeyText(toKeyText(key)), key)
    assert.doesNotMatch(toKeyText(key), /k/)
    for (const bad of ['', '""', 'a\u0000', 'x'.repeat(256)]) {
      assert.throws(() => keyOf(request(bad)), { code: 'request.invalid' }, bad)
    }
    for (const text of [undefined, '', 'a.b', `${toKeyText(key)}0`]) assert.equal(readKeyText(text), undefined)
  })

  it('tells callers apart, and what they ask', () => {
    const key = keyOf(request('k'))
    assert.notEqual(keyOf(request('k', { owner: 'ann' }))?.digest, key?.digest)
    assert.equal(keyOf(request('k', { body: Buffer.from('{ }') }))?.digest, key?.digest)
    assert.notEqual(keyOf(request('k', { body: Buffer.from('{ }') }))?.bodyHash, key?.bodyHash)
    assert.notEqual(keyOf(request('k', { target: '/v1/y' }))?.bodyHash, key?.bodyHash)
    assert.deepEqual(keyOf(form('one')), keyOf(form('another')))
  })
})
