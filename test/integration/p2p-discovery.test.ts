import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { describe, it } from 'node:test'
import { createBootstrap } from '../../src/p2p/discovery/bootstrap.ts'
import type { Candidate } from '../../src/p2p/discovery/candidate.ts'
import { createRendezvous } from '../../src/p2p/discovery/rendezvous.ts'
import { isConnected, portOf, silentLog, startNode, type TestNode, until } from '../support/p2p/hosts.ts'

async function addBootstrap(node: TestNode, addresses: readonly string[]): Promise<void> {
  await node.with(createBootstrap({ log: silentLog, host: node.host, dialler: node.dialler }, addresses))
}

/** Gives the peers that the rendezvous alone has named so far. */
async function addRendezvous(node: TestNode): Promise<ReadonlySet<string | undefined>> {
  const { host, dialler, now, rendezvousRing: keyRing } = node
  const named = new Set<string | undefined>()
  function onCandidate(candidate: Candidate): void {
    named.add(candidate.peerId)
    dialler.offer(candidate)
  }
  await node.with(createRendezvous({ log: silentLog, host, keyRing, now, onCandidate }))
  return named
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

function problems(node: TestNode): readonly string[] {
  return node.host.findings.list().map((one) => one.problem)
}

describe('a bootstrap peer', () => {
  it('is found by host and port, and the bytes are counted', async () => {
    await using first = await startNode()
    await using second = await startNode()
    await addBootstrap(second, [`localhost:${portOf(first.host)}`])
    await until(() => isConnected(second.host, first.host) && isConnected(first.host, second.host))
    await until(() => first.host.bytes().received > 0 && second.host.bytes().sent > 0)
  })

  it('that comes up late is found without a restart, and again when it comes back', async () => {
    const port = await freePort()
    await using waiting = await startNode()
    await addBootstrap(waiting, [`127.0.0.1:${port}`])
    await until(() => problems(waiting).includes('refused'))
    const listen = [`/ip4/127.0.0.1/tcp/${port}`]
    {
      await using late = await startNode({ listen })
      await until(() => isConnected(waiting.host, late.host))
      assert.deepEqual(problems(waiting), [], 'what is solved is no finding any more')
    }
    await until(() => waiting.host.libp2p.getPeers().length === 0)
    await using again = await startNode({ listen })
    await until(() => isConnected(waiting.host, again.host))
  })

  it('may be the node itself, which is no problem', async () => {
    const port = await freePort()
    await using first = await startNode({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    await using second = await startNode()
    const list = [`127.0.0.1:${port}`]
    const said: string[] = []
    const log = { info() {}, debug: (_fields: unknown, text?: string) => void said.push(String(text)) }
    await first.with(createBootstrap({ log, host: first.host, dialler: first.dialler }, list))
    await until(() => said.includes('a bootstrap address is our own'))
    await addBootstrap(second, list)
    await until(() => isConnected(second.host, first.host))
    assert.deepEqual(problems(first), [])
  })

  it('that leads to the node itself now may lead to another member later', async () => {
    await using first = await startNode({ dht: false })
    await using second = await startNode({ dht: false })
    let taken = 0
    // As the one address of a service with several nodes behind it.
    const service = createServer((socket) => {
      taken += 1
      const target = connect(portOf((taken === 1 ? first : second).host), '127.0.0.1')
      pipeline(socket, target, socket, () => {})
    }).listen(0, '127.0.0.1')
    try {
      await once(service, 'listening')
      const address = service.address()
      assert.ok(address !== null && typeof address === 'object')
      await addBootstrap(first, [`127.0.0.1:${address.port}`])
      await until(() => isConnected(first.host, second.host))
      assert.deepEqual(problems(first), [])
    } finally {
      service.close()
    }
  })
})

describe('what a failed join finds', () => {
  it('names another token, at both ends', async () => {
    await using first = await startNode({ word: 'one' })
    await using stranger = await startNode({ word: 'two' })
    await assert.rejects(stranger.dialler.dial({ addresses: first.host.addresses() }))
    assert.deepEqual(problems(stranger), ['token-differs'])
    await until(() => problems(first).length > 0)
    assert.deepEqual(problems(first), ['token-differs'])
    assert.equal(first.host.findings.list()[0]?.address, '/ip4/127.0.0.1', 'the port of a caller says nothing')
    assert.doesNotMatch(JSON.stringify(stranger.host.findings.list()), /xxxx/, 'no key is told')
    await using member = await startNode({ word: 'one' })
    await member.dialler.dial({ addresses: first.host.addresses() })
    assert.deepEqual(problems(first), [], 'a member of that host has come in')
  })

  it('names a wrong clock, at both ends', async () => {
    await using first = await startNode()
    await using wrong = await startNode({ now: () => Date.now() + 5 * 9000 * 1000 })
    await assert.rejects(wrong.dialler.dial({ addresses: first.host.addresses() }))
    assert.deepEqual(problems(wrong), ['clock-differs'])
    await until(() => problems(first).includes('clock-differs'))
  })

  it('tells a server that is no node', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    await using node = await startNode()
    await assert.rejects(node.dialler.dial({ addresses: [`/ip4/127.0.0.1/tcp/${address.port}`] }))
    server.close()
    assert.deepEqual(problems(node), ['not-local-ai'])
  })

  it('names the flag when the port is taken', async () => {
    await using first = await startNode()
    const port = portOf(first.host)
    await assert.rejects(startNode({ listen: [`/ip4/127.0.0.1/tcp/${port}`] }), (error: unknown) => {
      assert.ok(error instanceof Error)
      assert.match(error.message, new RegExp(`--p2p-listen.*${port}.*taken`))
      return 'code' in error && error.code === 'config.invalid'
    })
  })
})

describe('the dialler', () => {
  it('dials a hint until it is true, and is at no charge for wrong ones', async () => {
    const port = await freePort()
    await using first = await startNode()
    await using second = await startNode()
    const { peerId } = second.host
    first.dialler.offer({ peerId: first.host.peerId, addresses: first.host.addresses() })
    first.dialler.offer({ peerId, addresses: [`/ip4/127.0.0.1/tcp/${port}`] })
    await until(() => problems(first).includes('refused'))
    first.dialler.offer({ peerId, addresses: [`/ip4/127.0.0.1/tcp/${port}`, ...second.host.addresses()] })
    await until(() => isConnected(first.host, second.host))
  })

  it('dials again at once when a connection is lost', async () => {
    await using first = await startNode()
    await using second = await startNode()
    first.dialler.offer({ peerId: second.host.peerId, addresses: second.host.addresses() })
    await until(() => isConnected(first.host, second.host))
    const lost = first.host.libp2p.getConnections()
    for (const connection of lost) connection.abort(new Error('the network is gone'))
    await until(() => first.host.libp2p.getConnections().some((one) => !lost.includes(one) && one.status === 'open'))
  })
})

describe('the rendezvous', () => {
  it('names the members that know only a third, also to one whose clock is a step ahead', async () => {
    await using meeting = await startNode()
    await using first = await startNode()
    await using second = await startNode()
    await using ahead = await startNode({ now: () => Date.now() + 360_000 })
    const joining = [first, second, ahead]
    await addRendezvous(meeting)
    const named = await Promise.all(joining.map(addRendezvous))
    for (const node of joining) await addBootstrap(node, meeting.host.addresses())
    const [byFirst, bySecond, byAhead] = named.map((ids) => (node: TestNode) => ids.has(node.host.peerId))
    await until(() => byFirst?.(second) === true && bySecond?.(first) === true)
    await until(() => byAhead?.(first) === true && byAhead(second))
    await until(() =>
      joining.every((one) => joining.every((other) => one === other || isConnected(one.host, other.host))),
    )
  })
})

describe('a relay', () => {
  it('lets a node be reached that nobody can dial, for streams that live long', async () => {
    await using relay = await startNode({ relay: 'on', dht: false })
    await using hidden = await startNode({ relay: 'on', dht: false })
    await using asking = await startNode({ relay: 'on', dht: false })
    await hidden.dialler.dial({ addresses: relay.host.addresses() })
    await asking.dialler.dial({ addresses: relay.host.addresses() })
    await until(() => hidden.host.addresses().some((address) => address.includes('/p2p-circuit/')))
    await hidden.host.libp2p.handle(
      '/test/echo',
      (stream) => {
        stream.addEventListener('message', ({ data }) => void stream.send(data))
      },
      { runOnLimitedConnection: true },
    )
    const relayed = hidden.host.addresses().filter((address) => address.includes('/p2p-circuit/'))
    await asking.dialler.dial({ peerId: hidden.host.peerId, addresses: relayed })
    const [connection] = asking.host.libp2p
      .getConnections()
      .filter((one) => one.remotePeer.toString() === hidden.host.peerId)
    assert.equal(connection?.direct, false)
    assert.equal(connection?.limits, undefined, 'neither two minutes nor 128 KiB')
    const stream = await connection?.newStream('/test/echo', { runOnLimitedConnection: true })
    assert.ok(stream)
    let echoed = 0
    stream.addEventListener('message', ({ data }) => {
      echoed += data.byteLength
    })
    const block = new Uint8Array(64 * 1024)
    for (let sent = 0; sent < 16; sent += 1) stream.send(block)
    await until(() => echoed === 16 * block.byteLength)
    stream.abort(new Error('enough'))
  })
})
