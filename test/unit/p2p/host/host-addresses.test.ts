import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { announcedAddresses, checkedAddress, listenAddresses } from '../../../../src/p2p/host/host-addresses.ts'

const SELF = '12D3KooWRSaRBfRd91EqqwH2VQW5gV3wj2e5mAaJaqJCSicFi6AD'
const RELAY = '12D3KooWEBsTTwUnuv7pcauFcokfXZv9D8Cg32owyQxniqpeNuh7'

describe('listenAddresses', () => {
  it('are every interface unless told otherwise', () => {
    assert.deepEqual(listenAddresses({ listen: [], port: 4001 }), ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001'])
    assert.deepEqual(listenAddresses({ listen: [' /ip4/127.0.0.1/tcp/5 '], port: 4001 }), ['/ip4/127.0.0.1/tcp/5'])
  })

  it('name the flag when they are malformed', () => {
    for (const text of ['nonsense', '/ip4/300.0.0.1/tcp/1', '/ip4/127.0.0.1/udp/1/quic-v1']) {
      assert.throws(() => checkedAddress(text, '--p2p-listen'), { code: 'config.invalid', message: /--p2p-listen/ })
    }
  })
})

describe('announcedAddresses', () => {
  it('leave out what nobody else can use', () => {
    const all = [
      `/ip4/127.0.0.1/tcp/4001/p2p/${SELF}`,
      `/ip4/192.168.1.7/tcp/4001/p2p/${SELF}`,
      `/ip6/::1/tcp/4001/p2p/${SELF}`,
      `/ip6/fe80::1/tcp/4001/p2p/${SELF}`,
      `/ip6/fd00::7/tcp/4001/p2p/${SELF}`,
    ]
    assert.deepEqual(announcedAddresses(all), [all[1], all[4]])
  })

  it('are loopback when there is nothing else', () => {
    const all = [`/ip4/127.0.0.1/tcp/4001/p2p/${SELF}`]
    assert.deepEqual(announcedAddresses(all), all)
  })

  it('name each relay once, and are few', () => {
    const relayed = ['10.0.0.1', '10.0.0.2'].map((ip) => `/ip4/${ip}/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${SELF}`)
    assert.deepEqual(announcedAddresses(relayed), [`/p2p/${RELAY}/p2p-circuit/p2p/${SELF}`])
    const many = Array.from({ length: 30 }, (_, index) => `/ip4/10.0.0.${index}/tcp/1/p2p/${SELF}`)
    assert.equal(announcedAddresses([...relayed, ...many]).length, 9)
  })
})
