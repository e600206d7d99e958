import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectPeer } from '../../../../src/p2p/discovery/connect-peer.ts'
import { startNode, until } from '../../../support/p2p/hosts.ts'

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
})
