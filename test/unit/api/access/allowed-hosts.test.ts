import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHostCheck } from '../../../../src/api/access/allowed-hosts.ts'

describe('a host that clients may ask for', () => {
  const isKnown = createHostCheck(['AI.example', '*.lan.example', 'box'])
  const rows: readonly [host: string | undefined, known: boolean][] = [
    [undefined, true],
    ['localhost', true],
    ['LOCALHOST:8080', true],
    ['localhost.:8080', true],
    ['127.0.0.1:8080', true],
    ['192.168.0.7', true],
    ['[::1]:8080', true],
    ['[fe80::1]', true],
    ['app.localhost:3000', true],
    ['host.docker.internal:8080', true],
    ['local-ai', true],
    ['ai.example:443', true],
    ['ai.EXAMPLE', true],
    ['a.lan.example', true],
    ['lan.example', false],
    ['evillan.example', false],
    ['evil.example', false],
    ['evil.example:8080', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['evil.example.', false],
    ['xai.example', false],
    ['internal.evil.example', false],
    ['', false],
    ['ai.example@evil.example', false],
    ['a:b:c', false],
    ['[evil.example]', false],
  ]
  for (const [host, known] of rows) it(`${host}: ${known}`, () => assert.equal(isKnown(host), known))

  it('is any when all are allowed', () => assert.equal(createHostCheck(['*'])('evil.example'), true))
})
