import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admissionOf } from '../../../src/api/admission-of-request.ts'

const of = (headers: Record<string, string>, body?: unknown) =>
  admissionOf({ headers, body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)) }, 1000)

describe('what a request says of its urgency', () => {
  test('nothing: it is as usual, and waits', () => {
    assert.deepEqual(of({}, { model: 'm' }), {})
  })

  test('the header, or the service tier, and the header first', () => {
    assert.equal(of({ 'x-localai-priority': 'High' }).priority, 'high')
    assert.equal(of({}, { service_tier: 'flex' }).priority, 'low')
    assert.equal(of({}, { service_tier: 'priority' }).priority, 'high')
    assert.equal(of({ 'x-localai-priority': 'normal' }, { service_tier: 'priority' }).priority, 'normal')
  })

  test('what cannot be read, or is only quoted, is not there', () => {
    assert.deepEqual(of({ 'x-localai-priority': 'extreme' }, { service_tier: 'auto' }), {})
    assert.deepEqual(of({}, { messages: [{ content: 'say "service_tier": "flex"' }], service_tier: 7 }), {})
    for (const value of ['', '-1', '0', '1e3', 'soon', '99999999999', '3;4', 'NaN', 'Infinity']) {
      assert.deepEqual(of({ 'x-stainless-timeout': value }), {}, value)
    }
  })
})

test('the shortest patience counts, each header in its unit', () => {
  assert.equal(of({ 'x-stainless-timeout': '600' }).giveUpAt, 601_000)
  assert.equal(of({ 'x-stainless-read-timeout': '0.5' }).giveUpAt, 1500)
  assert.equal(of({ 'x-request-timeout-ms': '250', 'x-stainless-timeout': '1' }).giveUpAt, 1250)
})
