import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectPeer } from '../../../../src/p2p/discovery/connect-peer.ts'
import { isConnected, startNode, until } from '../../../support/p2p/hosts.ts'

describe('connecting to a peer', () => {
  it('keeps the one connection that the library gives to several dials through relays', async () => {
    await using one = await startNode({ relay: 'on', dht: false })
    await using two = await startNode({ relay: 'on', dht: false })
    await using called = await startNode({ relay: 'on', dht: false })
    await using calling = await startNode({ relay: 'on', dht: false })
    for (const relay of [one, two]) {
      await called.dialler.dial({ addresses: relay.host.addresses() })
      await calling.dialler.dial({ addresses: relay.host.addresses() })
    }
    const seats = () => called.host.addresses().filter((address) => address.includes('/p2p-circuit'))
    await until(() => seats().length === 2)
    const deps = { host: calling.host, staggerMs: 0 }
    const candidate = { peerId: called.host.peerId, addresses: seats() }
    const connection = await connectPeer(deps, candidate, AbortSignal.timeout(5000))
    assert.ok(!connection.direct)
    const stream = await connection.newStream('/local-ai/ping/1.0.0', { runOnLimitedConnection: true })
    assert.equal(connection.status, 'open')
    stream.abort(new Error('the test is over'))
  })

  it('does not take another member that answers there for the peer, and tries its other addresses', async () => {
    await using sought = await startNode({ dht: false })
    await using other = await startNode({ dht: false })
    await using calling = await startNode({ dht: false })
    const { peerId } = sought.host
    const old = other.host.addresses().map((address) => address.replace(/\/p2p\/[^/]+$/, ''))
    const deps = { host: calling.host, staggerMs: 60_000 }
    for (let count = 0; count < 3; count += 1) {
      const wrong = connectPeer(deps, { peerId, addresses: old }, AbortSignal.timeout(5000))
      await assert.rejects(wrong, /no address could be dialled/)
    }
    assert.deepEqual(calling.host.findings.list(), [])
    await until(() => calling.host.libp2p.getConnections().length === 1)
    const right = { peerId, addresses: [...old, ...sought.host.addresses()] }
    const connection = await connectPeer(deps, right, AbortSignal.timeout(5000))
    assert.equal(connection.remotePeer.toString(), peerId)
    assert.ok(isConnected(calling.host, other.host), 'the other member is welcome too')
  })

  it('goes on dialling a peer in whose place another member answers', async () => {
    await using sought = await startNode({ dht: false })
    await using other = await startNode({ dht: false })
    await using calling = await startNode({ dht: false })
    const { peerId } = sought.host
    const old = other.host.addresses().map((address) => address.replace(/\/p2p\/[^/]+$/, ''))
    calling.dialler.offer({ peerId, addresses: old })
    await until(() => isConnected(calling.host, other.host))
    calling.dialler.offer({ peerId, addresses: sought.host.addresses() })
    await until(() => isConnected(calling.host, sought.host))
  })
})
