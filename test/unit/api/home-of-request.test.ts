import assert from 'node:assert/strict'
import { test } from 'node:test'
import { homeOfRequest } from '../../../src/api/forwarding/home-of-request.ts'

const HOME = '0123456789'
const byBody = { home: { field: 'previous_response_id', reference: 'item_reference' } }

function homeOf(body: unknown): string | undefined {
  return homeOfRequest({ params: {} }, byBody, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
}

test('the node is named by the path', () => {
  const route = { home: { param: 'id' } }
  assert.equal(homeOfRequest({ params: { id: `resp_${HOME}_a` } }, route, undefined), HOME)
  assert.equal(homeOfRequest({ params: { id: 'resp_a' } }, route, undefined), undefined)
  assert.equal(homeOfRequest({ params: undefined }, route, undefined), undefined)
  assert.equal(homeOfRequest({ params: { id: `resp_${HOME}_a` } }, {}, undefined), undefined)
})

test('the node is named by a field of the body, or by what an item refers to', () => {
  assert.equal(homeOf({ previous_response_id: `resp_${HOME}_a`, input: 'x' }), HOME)
  const reference = { type: 'item_reference', id: `msg_${HOME}_a` }
  assert.equal(homeOf({ input: [{ type: 'item_reference', id: 'elsewhere' }, reference] }), HOME)
  assert.equal(homeOf({ input: [{ id: `msg_${HOME}_a`, type: 'item_reference' }] }), HOME)
  assert.equal(homeOf({ input: [{ type: 'message', id: `msg_${HOME}_a` }] }), undefined)
})

test('what cannot be read names nobody', () => {
  assert.equal(homeOf('"item_reference"'), undefined)
  assert.equal(homeOf('{"item_reference"'), undefined)
  assert.equal(homeOf(`{"x":"${'a'.repeat(500)}","type":"item_reference","id":"msg_${HOME}_a"}`), undefined)
})
