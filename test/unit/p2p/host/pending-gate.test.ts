import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createPendingGate } from '../../../../src/p2p/host/pending-gate.ts'
import { isConnected, portOf, startNode, until } from '../../../support/p2p/hosts.ts'

function connectionFrom(address: string): MultiaddrConnection {
  return Object.assign(new EventTarget(), { remoteAddr: multiaddr(address) }) as unknown as MultiaddrConnection
}

const ANYBODY = {} as PeerId

describe('the gate for pending connections', () => {
  const gateOfTwo = () => {
    const gate = createPendingGate({ perHost: 2 })
    const isDenied = (address: string) => gate.denyInboundConnection(connectionFrom(address))
    return { gate, isDenied }
  }

  it('counts each host for itself', () => {
    const { isDenied } = gateOfTwo()
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/1'), false)
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/2'), false)
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/3'), true)
    assert.equal(isDenied('/ip4/192.0.2.2/tcp/3'), false)
  })

  it('takes an IPv6 network that one machine has for itself as one host', () => {
    const { isDenied } = gateOfTwo()
    assert.equal(isDenied('/ip6/2001:db8::1/tcp/1'), false)
    assert.equal(isDenied('/ip6/2001:db8:0:0:7::2/tcp/1'), false)
    assert.equal(isDenied('/ip6/2001:db8::3/tcp/1'), true)
    assert.equal(isDenied('/ip6/2001:db8:0:1::3/tcp/1'), false)
  })

  it('frees a place once, when the connection is admitted or closed', () => {
    const { gate, isDenied } = gateOfTwo()
    const [one, two] = [connectionFrom('/ip4/192.0.2.1/tcp/1'), connectionFrom('/ip4/192.0.2.1/tcp/2')]
    assert.equal(gate.denyInboundConnection(one), false)
    assert.equal(gate.denyInboundConnection(two), false)
    assert.equal(gate.denyInboundEncryptedConnection(ANYBODY, one), false)
    one.dispatchEvent(new Event('close'))
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/3'), false)
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/4'), true)
    two.dispatchEvent(new Event('close'))
    assert.equal(isDenied('/ip4/192.0.2.1/tcp/5'), false)
  })

  it('lets members relay as many as they like', () => {
    const { isDenied } = gateOfTwo()
    const relay = '12D3KooWRSaRBfRd91EqqwH2VQW5gV3wj2e5mAaJaqJCSicFi6AD'
    for (let index = 0; index < 5; index += 1) {
      assert.equal(isDenied(`/ip4/192.0.2.1/tcp/1/p2p/${relay}/p2p-circuit`), false)
    }
  })
})

interface Silent {
  readonly sockets: readonly Socket[]
  readonly closed: () => number
}

/** Connections that send nothing, and count when the node ends them. */
async function silentSockets(port: number, count: number): Promise<Silent> {
  let closed = 0
  const sockets = Array.from({ length: count }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .on('close', () => {
        closed += 1
      })
      .resume(),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return { sockets, closed: () => closed }
}

describe('a node to which somebody talks without an end', () => {
  for (const [name, talk] of [
    ['a length', Buffer.alloc(4096, 0x80)],
    ['many lines', Buffer.from('\x05/foo\n'.repeat(1000))],
  ] as const) {
    it(`cuts off ${name} long before the time for a handshake is over`, async () => {
      await using node = await startNode({ dht: false })
      let isClosed = false
      const socket = connect(portOf(node.host), '127.0.0.1')
      socket
        .on('error', () => {})
        .on('close', () => {
          isClosed = true
        })
      try {
        socket.resume().write(talk)
        await until(() => isClosed, 4000)
      } finally {
        socket.destroy()
      }
    })
  }
})

describe('a node whose port somebody occupies in silence', () => {
  it('keeps 64 of a host waiting and no more, and their places are free when they are gone', async () => {
    await using node = await startNode({ dht: false })
    const { sockets, closed } = await silentSockets(portOf(node.host), 70)
    await until(() => closed() === 6)
    await using member = await startNode({ dht: false })
    await assert.rejects(member.dialler.dial({ addresses: node.host.addresses() }))
    for (const socket of sockets) socket.destroy()
    await until(() =>
      member.dialler.dial({ addresses: node.host.addresses() }).then(
        () => true,
        () => false,
      ),
    )
    assert.ok(isConnected(node.host, member.host))
  })

  it('admits a member of the same host when the silent ones have had their time', async () => {
    await using node = await startNode({ dht: false })
    await using member = await startNode({ dht: false })
    const { sockets, closed } = await silentSockets(portOf(node.host), 64)
    member.dialler.offer({ peerId: node.host.peerId, addresses: node.host.addresses() })
    await until(() => isConnected(member.host, node.host), 20_000)
    assert.equal(closed(), 64, 'the node has ended them')
    for (const socket of sockets) socket.destroy()
  })
})
