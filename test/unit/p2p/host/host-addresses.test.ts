import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  announcedAddresses,
  checkedAddress,
  hostOf,
  listenAddresses,
  netOf,
  scopeOf,
} from '../../../../src/p2p/host/host-addresses.ts'

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

describe('the host of an address', () => {
  it('is its IP address or name', () => {
    const addresses = ['/ip4/192.0.2.1/tcp/1', '/ip6zone/eth0/ip6/fe80::1/tcp/1', '/dns4/node.test/tcp/1', '/p2p/x']
    assert.deepEqual(addresses.map(hostOf), ['192.0.2.1', 'fe80::1', 'node.test', ''])
  })

  it('has the network of one machine', () => {
    const hosts = ['192.0.2.1', '2001:db8:0:1:2:3:4:5', '2001:0DB8::7', '::1', 'fe80::', 'node.test']
    const nets = ['192.0.2.1', '2001:db8:0:1', '2001:db8:0:0', '0:0:0:0', 'fe80:0:0:0', 'node.test']
    assert.deepEqual(hosts.map(netOf), nets)
  })

  it('belongs to this machine, to its site, or to the world', () => {
    const machine = ['/ip4/127.0.0.2/tcp/1', '/ip6/::1/tcp/1', '/dns/localhost/tcp/1']
    const site = ['10.1.2.3', '172.16.0.1', '172.31.0.1', '192.168.1.1', '169.254.1.1', '100.64.0.1', '100.127.0.1']
    const siteV6 = ['/ip6/fd00::7/tcp/1', '/ip6/fe80::1/tcp/1', '/ip6zone/eth0/ip6/fe80::1/tcp/1']
    const world = ['172.32.0.1', '192.0.2.1', '100.128.0.1', '100.63.0.1', '11.0.0.1']
    const v4 = (host: string) => `/ip4/${host}/tcp/1`
    for (const address of machine) assert.equal(scopeOf(address), 'machine', address)
    for (const address of [...site.map(v4), ...siteV6, '/dns4/node-1/tcp/1', '/dns/a.local/tcp/1']) {
      assert.equal(scopeOf(address), 'site', address)
    }
    for (const address of [...world.map(v4), '/ip6/2001:db8::1/tcp/1', '/dns/node.test/tcp/1']) {
      assert.equal(scopeOf(address), 'world', address)
    }
  })
})
