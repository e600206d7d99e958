import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readHead, toHeadPayload } from '../../../../src/federation/journal/payloads.ts'

describe('the head of an answer in a journal', () => {
  it('is read as it was told', () => {
    const head = { status: 201, headers: { a: '1', b: ['2', '3'] }, carriesOn: true }
    assert.deepEqual(readHead(toHeadPayload(head)), head)
    assert.deepEqual(readHead(toHeadPayload({ status: 200, headers: { 'content-length': 5 }, carriesOn: false })), {
      status: 200,
      headers: { 'content-length': '5' },
      carriesOn: false,
    })
  })

  it('is none with a status that no whole answer has, whoever tells it', () => {
    for (const status of [0, -1, 99, 100, 101, 199, 600, 1000, 200.5, '200', null]) {
      assert.equal(readHead(Buffer.from(JSON.stringify({ status, headers: {}, carriesOn: true }))), undefined)
    }
  })
})
