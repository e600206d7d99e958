import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOnThisMachine, type Sender } from '../../../../src/api/access/owner-only.ts'

const from = (remoteAddress: string | undefined, headers: Sender['headers'] = { host: 'localhost:8080' }) =>
  isOnThisMachine({ remoteAddress, headers })

describe('a program on this machine', () => {
  const addresses: readonly [string | undefined, boolean][] = [
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:192.168.0.7', false],
    ['192.168.0.7', false],
    ['fe80::1', false],
    ['::', false],
    ['0.0.0.0', false],
    [undefined, false],
  ]
  for (const [address, local] of addresses) {
    it(`${local ? 'may' : 'may not'} have the address ${address}`, () => assert.equal(from(address), local))
  }

  const hosts: readonly [string | undefined, boolean][] = [
    ['localhost', true],
    ['LOCALHOST:8080', true],
    ['127.0.0.1:8080', true],
    ['127.1.2.3', true],
    ['[::1]', true],
    ['[::1]:8080', true],
    ['[::ffff:127.0.0.1]:80', true],
    ['node.example', false],
    ['127.0.0.1.node.example', false],
    ['localhost.node.example:8080', false],
    ['node.localhost', false],
    ['192.168.0.7:8080', false],
    ['localhost@node.example', false],
    ['0.0.0.0:8080', false],
    ['::1', false],
    ['2130706433', false],
    ['', false],
    [undefined, false],
  ]
  for (const [host, local] of hosts) {
    it(`${local ? 'may' : 'may not'} ask for the host ${host}`, () => {
      assert.equal(from('127.0.0.1', host === undefined ? {} : { host }), local)
    })
  }

  it('is not the page of another site, and nobody behind a proxy', () => {
    const host = 'localhost:8080'
    assert.equal(from('127.0.0.1', { host, origin: 'http://localhost:8080' }), true)
    for (const origin of ['https://node.example', 'http://localhost:3000', 'null']) {
      assert.equal(from('127.0.0.1', { host, origin }), false, origin)
    }
    for (const name of ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip']) {
      assert.equal(from('127.0.0.1', { host, [name]: '127.0.0.1' }), false, name)
    }
  })
})
