import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerHeaders } from '../../../src/api/forwarding/forwarded-headers.ts'
import { toHeaderValue } from '../../../src/api/node-header.ts'

const attempt = { peerId: 'p', name: 'b', outcome: 'answered', ms: 1 } as const
const answer = {
  headers: {
    'content-type': 'application/json',
    'X-Correlation-ID': 'theirs',
    'set-cookie': ['a=1'],
    'x-many': ['1', '2'],
  },
  attempts: [attempt],
  node: { peerId: 'p', name: 'b' },
}

describe('headers of an answer that is passed on', () => {
  it("are the serving node's over this node's, but for what this node says itself", () => {
    const prepared = {
      'x-correlation-id': 'ours',
      'x-localai-node': 'a',
      'machine-tag': 'rack',
      'retry-after': undefined,
    }
    const tagged = { ...answer, headers: { ...answer.headers, 'Machine-Tag': 'far', 'X-LocalAI-Node': 'liar' } }
    assert.deepEqual(answerHeaders(prepared, tagged), {
      'content-type': 'application/json',
      'machine-tag': 'far',
      'x-correlation-id': 'ours',
      'x-localai-node': 'b',
      'x-many': ['1', '2'],
    })
  })

  it('name no node when that is switched off, and tell of more than one try', () => {
    assert.deepEqual(answerHeaders({}, { ...answer, headers: {}, attempts: [attempt, attempt] }), {
      'content-security-policy': "sandbox; default-src 'none'",
      'x-localai-tries': '2',
    })
  })

  it('let no member act at the address of this node', () => {
    const headersFor = (type: string, more = {}) =>
      answerHeaders({ 'cache-control': 'no-store' }, { ...answer, headers: { 'content-type': type, ...more } })
    for (const type of ['text/html', 'image/svg+xml', 'text/xml', 'application/json, text/html', 'TEXT/HTML;a=b', '']) {
      assert.equal(headersFor(type)['content-security-policy'], "sandbox; default-src 'none'", type)
    }
    for (const type of [
      'application/json; charset=utf-8',
      'text/event-stream',
      'audio/wav',
      'image/png',
      'video/mp4',
    ]) {
      assert.equal(headersFor(type)['content-security-policy'], undefined, type)
    }
    const tricks = { location: '//evil.test', refresh: '0;url=//evil.test', link: 'x', 'alt-svc': 'x' }
    assert.deepEqual(headersFor('audio/wav', { ...tricks, 'cache-control': 'public' }), {
      'content-type': 'audio/wav',
      'cache-control': 'no-store',
    })
  })
})

describe("a node's name", () => {
  it('is fit for a header, whatever it is', () => {
    assert.equal(toHeaderValue('rack 7'), 'rack 7')
    assert.equal(toHeaderValue('küche\r\nX: y'), 'k%C3%BCche%0D%0AX%3A%20y')
    assert.equal(toHeaderValue('\ud800'), '%EF%BF%BD')
  })
})
