import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromPeerHeaders, toPeerHeaders } from '../../../src/federation/forwarded-headers.ts'

describe('headers between nodes', () => {
  test('a peer gets what the client said, but for credentials and what is between two machines only', () => {
    const headers = {
      host: 'entry:8080',
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'x-many': ['a', 'b'],
      'x-absent': undefined,
      authorization: 'Bearer secret',
      'x-api-key': 'secret',
      'xi-api-key': 'secret',
      cookie: 'token=secret',
      'proxy-authorization': 'secret',
      connection: 'keep-alive, X-Private',
      'x-private': 'secret',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'content-length': '12',
      te: 'trailers',
      trailer: 'x-t',
      upgrade: 'websocket',
      expect: '100-continue',
      'x-correlation-id': 'forged',
    }
    assert.deepEqual(toPeerHeaders({ headers, id: 'id-1' }), {
      host: 'entry:8080',
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'x-many': ['a', 'b'],
      'x-correlation-id': 'id-1',
    })
  })

  test('what members tell each other in headers, no client can say', () => {
    const names = ['caller', 'stamp', 'taken-over', 'home', 'key', 'journal', 'resume']
    const headers = Object.fromEntries(names.map((name) => [`X-Local-AI-${name}`, '1']))
    assert.deepEqual(toPeerHeaders({ headers, id: 'i' }), { 'x-correlation-id': 'i' })
  })

  test('names are known in any case', () => {
    assert.deepEqual(toPeerHeaders({ headers: { Authorization: 'secret', 'X-API-Key': 'secret', A: 'b' }, id: 'i' }), {
      a: 'b',
      'x-correlation-id': 'i',
    })
  })

  test('a client gets what the peer said, but for cookies and what is between two machines only', () => {
    const headers = {
      'content-type': 'application/json',
      'content-length': '2',
      'retry-after': '3',
      'set-cookie': ['a=b'],
      connection: ['close', 'x-hop'],
      'x-hop': '1',
      'transfer-encoding': 'chunked',
      'x-local-ai-not-started': '1',
    }
    assert.deepEqual(fromPeerHeaders(headers), {
      'content-type': 'application/json',
      'content-length': '2',
      'retry-after': '3',
    })
  })
})
