import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it } from 'node:test'
import { isLoopbackAddress, isPrivateAddress, literalAddress } from '../../../src/gallery/download/addresses.ts'
import {
  checkSize,
  checkUrl,
  type GuardRules,
  guardedLookup,
  redirectTarget,
} from '../../../src/gallery/download/guard.ts'

const RULES: GuardRules = { allowHttp: false, allowPrivateAddresses: false, trustedOrigins: [], maxBytes: 1000 }
const refused = { name: 'AppError', code: 'download.refused' }

describe('addresses', () => {
  const notPublic =
    '127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 ' +
    '100.100.100.200 192.0.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 fe80::1 fe80::1%eth0 ' +
    'fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 ::ffff:127.0.0.1 ::ffff:a00:1 ::127.0.0.1 64:ff9b::10.0.0.1 ' +
    '64:ff9b::7f00:1 2002:7f00:1:: 2002:a00:1::1 2001:0:1::1 not-an-address 1.2.3'
  for (const address of notPublic.split(' ')) {
    it(`${address} is not public`, () => assert.equal(isPrivateAddress(address), true))
  }
  const open =
    '1.1.1.1 8.8.8.8 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.1 192.167.255.255 192.169.0.1 169.253.1.1 ' +
    '2606:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1'
  for (const address of open.split(' ')) {
    it(`${address} is public`, () => assert.equal(isPrivateAddress(address), false))
  }
  it('knows loopback from the rest of the private ones', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      assert.equal(isLoopbackAddress(address), true, address)
    }
    for (const address of ['10.0.0.1', '8.8.8.8', 'localhost']) assert.equal(isLoopbackAddress(address), false, address)
  })
  it('finds the address in a host, brackets or not', () => {
    assert.equal(literalAddress('[::1]'), '::1')
    assert.equal(literalAddress('10.0.0.1'), '10.0.0.1')
    assert.equal(literalAddress('example.com'), undefined)
  })
})

describe('checkUrl', () => {
  it('lets https to a public name or address pass', () => {
    checkUrl(new URL('https://example.com/f'), RULES)
    checkUrl(new URL('https://8.8.8.8/f'), RULES)
  })
  for (const url of [
    'http://example.com/f',
    'ftp://example.com/f',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://user@example.com/f',
    'https://127.0.0.1/f',
    'https://2130706433/f',
    'https://0x7f.1/f',
    'https://017700000001/f',
    'https://[::1]/f',
    'https://[::ffff:10.0.0.1]/f',
    'https://169.254.169.254/latest/meta-data',
    'http://localhost/f',
  ]) {
    it(`refuses ${url}`, () => assert.throws(() => checkUrl(new URL(url), RULES), refused))
  }
  it('allows private addresses only when told, and http there only on this machine', () => {
    const rules = { ...RULES, allowPrivateAddresses: true }
    checkUrl(new URL('https://10.0.0.1/f'), rules)
    checkUrl(new URL('http://127.0.0.1:1/f'), rules)
    checkUrl(new URL('http://[::1]:1/f'), rules)
    checkUrl(new URL('http://localhost:1/f'), rules)
    assert.throws(() => checkUrl(new URL('http://10.0.0.1/f'), rules), refused)
    assert.throws(() => checkUrl(new URL('http://example.com/f'), rules), refused)
    checkUrl(new URL('http://example.com/f'), { ...RULES, allowHttp: true })
    assert.throws(() => checkUrl(new URL('http://10.0.0.1/f'), { ...RULES, allowHttp: true }), refused)
  })
  it('trusts the very origin that the operator named, and no other port of it', () => {
    const rules = { ...RULES, trustedOrigins: ['http://10.0.0.1:8000/hub'] }
    checkUrl(new URL('http://10.0.0.1:8000/o/r'), rules)
    assert.throws(() => checkUrl(new URL('http://10.0.0.1:22/o/r'), rules), refused)
    assert.throws(() => checkUrl(new URL('https://10.0.0.1:8000/o/r'), rules), refused)
  })
})

describe('redirectTarget', () => {
  const from = new URL('https://example.com/dir/f')
  it('resolves relative places', () => {
    assert.equal(redirectTarget(from, '../x', RULES).href, 'https://example.com/x')
  })
  it('checks every place like a first one', () => {
    for (const location of ['http://example.com/f', 'https://10.0.0.1/', 'file:///etc/passwd', 'https://[']) {
      assert.throws(() => redirectTarget(from, location, RULES), refused)
    }
  })
})

describe('guardedLookup', () => {
  const answers = (...addresses: string[]): LookupFunction => {
    return ((_host: string, _options: unknown, callback: (error: null, found: unknown) => void) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    }) as unknown as LookupFunction
  }
  const ask = (lookup: LookupFunction, all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lookup('example.com', { all }, (error, address) => (error === null ? resolve(address) : reject(error)))
    })

  it('hands on public addresses in the form that was asked for', async () => {
    const lookup = guardedLookup(answers('8.8.8.8', '2606:4700::1111'))
    assert.equal(await ask(lookup, false), '8.8.8.8')
    assert.deepEqual(await ask(lookup, true), [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ])
  })
  it('refuses a name when any of its addresses is private', async () => {
    await assert.rejects(ask(guardedLookup(answers('8.8.8.8', '10.0.0.1')), true), refused)
    await assert.rejects(ask(guardedLookup(answers('::ffff:127.0.0.1')), false), refused)
  })
  it('fails for a name without addresses', async () => {
    await assert.rejects(ask(guardedLookup(answers()), false), { code: 'download.failed' })
  })
})

describe('checkSize', () => {
  it('lets the limit itself pass and refuses one byte more', () => {
    checkSize(1000, RULES, 'f')
    assert.throws(() => checkSize(1001, RULES, 'f'), refused)
  })
})
