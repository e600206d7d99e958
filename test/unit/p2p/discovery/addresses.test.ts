import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapAddress } from '../../../../src/p2p/discovery/bootstrap-address.ts'
import { usableAddresses } from '../../../../src/p2p/discovery/usable-addresses.ts'

const SELF = '12D3KooWRSaRBfRd91EqqwH2VQW5gV3wj2e5mAaJaqJCSicFi6AD'
const PEER = '12D3KooWEBsTTwUnuv7pcauFcokfXZv9D8Cg32owyQxniqpeNuh7'
const THIRD = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

describe('bootstrapAddress', () => {
  const good = [
    ['192.0.2.1:4001', '/ip4/192.0.2.1/tcp/4001'],
    ['[2001:db8::1]:4001', '/ip6/2001:db8::1/tcp/4001'],
    ['node-a.lan:4001', '/dns/node-a.lan/tcp/4001'],
    [' localhost:1 ', '/dns/localhost/tcp/1'],
    [`/ip4/192.0.2.1/tcp/4001/p2p/${PEER}`, `/ip4/192.0.2.1/tcp/4001/p2p/${PEER}`],
    ['/dns4/node/tcp/4001', '/dns4/node/tcp/4001'],
  ] as const
  for (const [text, address] of good) it(text, () => assert.equal(bootstrapAddress(text), address))
  for (const text of [
    '',
    'node',
    'node:0',
    'node:70000',
    '2001:db8::1:4001',
    '[nonsense]:1',
    '/ip4/1.2.3.4',
    'a b:1',
    'x/y:1',
  ]) {
    it(`"${text}" is refused`, () => {
      assert.throws(() => bootstrapAddress(text), { code: 'config.invalid', message: /--p2p-bootstrap/ })
    })
  }
})

describe('usableAddresses', () => {
  const own = { peerId: SELF, addresses: [`/ip4/192.168.1.7/tcp/4001/p2p/${SELF}`] }
  const direct = (addresses: readonly string[], place = own) =>
    usableAddresses({ peerId: PEER, addresses }, place).direct

  it('come without the peer id, the shared network first', () => {
    const given = [
      '/dns/a/tcp/1',
      '/ip6/2001:db8::1/tcp/1',
      '/ip4/203.0.113.1/tcp/1',
      '/ip4/10.0.0.1/tcp/1',
      `/ip4/192.168.1.9/tcp/1/p2p/${PEER}`,
    ]
    assert.deepEqual(direct(given), [
      '/ip4/192.168.1.9/tcp/1',
      '/ip4/10.0.0.1/tcp/1',
      '/ip4/203.0.113.1/tcp/1',
      '/ip6/2001:db8::1/tcp/1',
      '/dns/a/tcp/1',
    ])
  })

  it('are not ours, not of somebody else, not useless, not nonsense', () => {
    const given = [
      '/ip4/192.168.1.7/tcp/4001',
      `/ip4/10.0.0.1/tcp/1/p2p/${THIRD}`,
      '/ip4/0.0.0.0/tcp/1',
      '/ip6/fe80::1/tcp/1',
      '/ip4/10.0.0.1/tcp/0',
      '/ip4/10.0.0.1/udp/1/quic-v1',
      '/unix/tmp%2Fsocket',
      'nonsense',
      `/dns/${'a'.repeat(300)}/tcp/1`,
    ]
    assert.deepEqual(direct(given), [])
  })

  it('are loopback only for a node of this machine, or where nobody is elsewhere', () => {
    const loopback = '/ip4/127.0.0.1/tcp/9'
    assert.deepEqual(direct([loopback]), [])
    assert.deepEqual(direct([loopback, '/ip4/192.168.1.7/tcp/9']), ['/ip4/192.168.1.7/tcp/9', loopback])
    assert.deepEqual(direct([loopback], { peerId: SELF, addresses: ['/ip4/127.0.0.1/tcp/4001'] }), [loopback])
    const seat = `/ip4/127.0.0.1/tcp/5/p2p/${PEER}/p2p-circuit/p2p/${SELF}`
    const bare = `/p2p/${PEER}/p2p-circuit/p2p/${SELF}`
    const seated = { peerId: SELF, addresses: ['/ip4/127.0.0.1/tcp/4001', seat, bare] }
    assert.deepEqual(direct([loopback], seated), [loopback], 'a relay seat is no place elsewhere')
  })

  it('are what a person named, also on this machine', () => {
    const addresses = ['/ip4/127.0.0.1/tcp/9', '/dns/localhost/tcp/9', '/ip4/192.168.1.7/tcp/4001']
    assert.deepEqual(usableAddresses({ addresses }, own).direct.toSorted(), addresses.toSorted())
  })

  it('through relays lead to the peer, by others than ourselves', () => {
    const through = (relay: string, target: string) => `/p2p/${relay}/p2p-circuit/p2p/${target}`
    const given = [
      through(THIRD, PEER),
      through(SELF, PEER),
      through(THIRD, SELF),
      `/ip4/10.0.0.1/tcp/1${through(THIRD, PEER)}`,
    ]
    assert.deepEqual(usableAddresses({ peerId: PEER, addresses: given }, own), {
      direct: [],
      relayed: [given[0], given[3]],
    })
  })

  it('are few, whatever was given', () => {
    const many = Array.from({ length: 200 }, (_, index) => `/ip4/10.0.${index}.1/tcp/1`)
    assert.equal(direct(many).length, 8)
  })
})
