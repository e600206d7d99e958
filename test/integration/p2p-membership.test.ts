import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { createKeyRing, createRendezvousRing } from '../../src/p2p/admission/create-key-ring.ts'
import { createNetwork, type NetworkInit } from '../../src/p2p/create-network.ts'
import type { NodeOffer } from '../../src/p2p/membership/node-record.ts'
import type { AcceptSocket, Network, PeerView } from '../../src/p2p/network.ts'
import { LOOPBACK, silentLog, testToken, until } from '../support/p2p/hosts.ts'
import { startPuppet } from '../unit/p2p/membership/members.ts'

interface MemberInit extends Partial<NetworkInit> {
  readonly privateKey?: PrivateKey
  readonly accept?: AcceptSocket
}

type Member = Network & AsyncDisposable

async function startMember({ privateKey, accept, ...init }: MemberInit = {}): Promise<Member> {
  const token = testToken('members')
  const network = createNetwork(
    {
      log: silentLog,
      accept: accept ?? ((socket) => socket.destroy()),
      privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
      keyRing: createKeyRing(Date, token),
      rendezvousRing: createRendezvousRing(Date, token),
    },
    {
      ...{ name: 'node', networkId: '0'.repeat(32), version: 'test', bootstrap: [], listen: LOOPBACK, port: 0 },
      ...{ announce: [], mdns: false, dht: false, relay: 'off', limits: false, libraryLogLevel: 'fatal' },
      ...init,
    },
  )
  await network.start()
  return { ...network, [Symbol.asyncDispose]: network.stop }
}

function offerOf(models: readonly string[]): NodeOffer {
  return {
    version: 'test',
    group: '',
    serves: true,
    models: models.map((name) => ({ name, loaded: true, capabilities: ['chat'] })),
    backends: ['llama-cpp'],
    slots: 2,
    memoryTotalBytes: 1e9,
    device: 'cpu',
    draining: false,
  }
}

/** A chain of `await using` for a number that is a variable. */
async function startMembers(count: number): Promise<AsyncDisposable & { readonly nodes: readonly Member[] }> {
  await using held = new AsyncDisposableStack()
  const first = held.use(await startMember({ name: 'node-0' }))
  const bootstrap = first.status().addresses
  const others = await Promise.all(
    Array.from({ length: count - 1 }, (_, index) => startMember({ name: `node-${index + 1}`, bootstrap })),
  )
  for (const other of others) held.use(other)
  const kept = held.move()
  return { nodes: [first, ...others], [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function viewOf(node: Network, of: Network): PeerView | undefined {
  return node.peers().find(({ record }) => record.peerId === of.peerId)
}

function isMesh(nodes: readonly Member[]): boolean {
  return nodes.every((node) => nodes.every((other) => other === node || viewOf(node, other)?.state === 'linked'))
}

describe('a network', () => {
  for (const count of [3, 10]) {
    it(`of ${count} that know one member becomes a full mesh, and hears of every change`, async (test) => {
      await using network = await startMembers(count)
      const { nodes } = network
      test.diagnostic(`${count} nodes are a mesh after ${Math.round(await until(() => isMesh(nodes), 60_000))} ms`)
      assert.ok(nodes.every((node) => node.peers().length === count - 1 && node.status().linked === count - 1))
      const [first, second, ...more] = nodes
      assert.ok(first && second)
      const others = [second, ...more]
      let changes = 0
      const endWatch = second.onChange(() => {
        changes += 1
      })
      first.advertise(offerOf(['one', 'two']))
      const heard = (other: Member): boolean => viewOf(other, first)?.record.offer.models[1]?.name === 'two'
      test.diagnostic(`a change is with everyone after ${Math.round(await until(() => others.every(heard)))} ms`)
      assert.ok(changes > 0)
      endWatch()
      first.reportLoad({ running: 3, queued: 1, memoryFreeBytes: 12_345 })
      await until(() => others.every((other) => viewOf(other, first)?.load.running === 3))
      const view = viewOf(second, first)
      assert.deepEqual(view?.load, { running: 3, queued: 1, memoryFreeBytes: 12_345 })
      assert.equal(view.path, 'direct')
      await until(() => others.every((other) => viewOf(other, first)?.roundTripMs !== undefined))
      await first.stop()
      await until(() => others.every((other) => viewOf(other, first) === undefined))
      assert.ok(isMesh(others), 'nobody else was lost')
    })
  }

  it('opens sockets between its members', async () => {
    const served = Promise.withResolvers<string>()
    await using server = await startMember({
      accept(socket, peerId) {
        served.resolve(peerId)
        socket.pipe(socket)
      },
    })
    await using client = await startMember({ bootstrap: server.status().addresses })
    await until(() => isMesh([server, client]))
    const socket = await client.openSocket(server.peerId)
    socket.write('hello')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'hello')
    assert.equal(await served.promise, client.peerId)
    socket.destroy()
    await client.stop()
    await assert.rejects(client.openSocket(server.peerId), { code: 'peer.unreachable' })
  })

  it('hears a member whose link says nothing by whatever else it sends, and by nothing without a link', async () => {
    const timings = { tickMs: 20, silentAfterMs: 400, goneAfterMs: 60_000 }
    await using network = await startMember({ timings, accept: (socket) => socket.resume() })
    await using puppet = await startPuppet({ host: { addresses: () => network.status().addresses } })
    const stateOf = () => network.peers().find(({ record }) => record.peerId === puppet.host.peerId)?.state
    const [connection] = puppet.host.libp2p.getConnections()
    const bulk = await connection?.newStream('/local-ai/http/1')
    assert.ok(bulk)
    const sendFor = async (ms: number, check: () => void) => {
      const endsAt = performance.now() + ms
      await until(() => {
        bulk.send(Buffer.alloc(1000))
        check()
        return performance.now() > endsAt
      })
    }
    await sendFor(100, () => assert.equal(stateOf(), undefined))
    await puppet.introduce()
    await until(() => stateOf() === 'linked')
    await sendFor(1500, () => assert.equal(stateOf(), 'linked'))
    await until(() => stateOf() === 'silent')
    bulk.send(Buffer.alloc(1))
    await until(() => stateOf() === 'linked')
    puppet.stream.abort(new Error('the link breaks'))
    await until(() => stateOf() === 'silent')
    await sendFor(300, () => assert.equal(stateOf(), 'silent'))
  })

  it('tells a load again while it stays the same', async () => {
    await using network = await startMembers(2)
    const [one, other] = network.nodes
    assert.ok(one && other)
    await until(() => isMesh([one, other]))
    other.reportLoad({ running: 5, queued: 0, memoryFreeBytes: 1 })
    await until(() => viewOf(one, other)?.load.running === 5)
    const first = viewOf(one, other)?.load
    await until(() => viewOf(one, other)?.load !== first)
    assert.deepEqual(viewOf(one, other)?.load, first)
  })

  it('gives the same array of peers until something changed', async () => {
    await using network = await startMembers(2)
    const [one, other] = network.nodes
    assert.ok(one && other)
    await until(() => isMesh([one, other]) && viewOf(one, other)?.roundTripMs !== undefined)
    const before = one.peers()
    assert.equal(one.peers(), before)
    other.advertise(offerOf(['new']))
    await until(() => one.peers() !== before && viewOf(one, other)?.record.offer.models.length === 1)
    assert.ok(!Object.is(before[0], viewOf(one, other)), 'a changed view is a new object')
    assert.equal(before[0]?.record.offer.models.length, 0)
  })
})
