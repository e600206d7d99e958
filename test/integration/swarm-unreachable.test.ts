import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createLan, type Lan, type Machine, needsNamespaces } from '../support/namespaces.ts'
import { poll } from '../support/poll.ts'
import { type Swarm, startSwarm } from '../support/swarm.ts'

const OUT_OF_ROUTING_MS = 3000
const GONE_MS = 10_000
const JOIN_MS = 5000

describe('a machine whose packets are lost without a word', { ...needsNamespaces, timeout: 120_000 }, () => {
  let lan: Lan
  let swarm: Swarm

  before(async () => {
    lan = await createLan(3)
    // Nobody is told an address: the token is all they have, and multicast DNS is how they meet.
    swarm = await startSwarm([
      { name: 'ada', machine: machineOf(lan, 0), mdns: true, scripted: ['shared', 'of-ada'] },
      { name: 'bob', machine: machineOf(lan, 1), mdns: true, scripted: ['shared', 'of-bob'] },
      { name: 'door', machine: machineOf(lan, 2), mdns: true, entry: true },
    ])
  })
  after(async () => {
    await swarm?.[Symbol.asyncDispose]()
    await lan[Symbol.asyncDispose]()
  })

  it('is out of routing in time, gone everywhere, not raised, and back when it can be reached again', async () => {
    const door = swarm.node('door')
    const bob = swarm.node('bob')
    assert.equal((await door.chat('of-bob', 'hello')).headers.get('x-localai-node'), 'bob')
    const stream = await door.chat('of-bob', { tokens: 10_000, everyMs: 20 }, { stream: true })
    assert.equal(stream.status, 200)
    const streamEnd = stream.text().then(
      (text) => text,
      () => 'cut',
    )

    await machineOf(lan, 1).unplug()
    const watched = [swarm.node('ada'), door]
    await Promise.all([
      ...watched.map((node) =>
        poll(`${node.name} routes past bob`, OUT_OF_ROUTING_MS, async () => {
          const seen = (await node.peers()).find((peer) => peer.name === 'bob')
          return seen === undefined || !seen.isOnline
        }),
      ),
      // The other side of the cut is as alone as it thinks.
      poll('bob routes past ada', OUT_OF_ROUTING_MS, async () => (await bob.peers()).every((peer) => !peer.isOnline)),
    ])
    // What was begun there ends with an error, not with a wait.
    assert.ok(!(await streamEnd).includes('"finish_reason":"stop"'))
    for (let round = 0; round < 10; round += 1) {
      const response = await door.chat('shared', 'hello')
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('x-localai-node'), 'ada')
    }
    await Promise.all(
      watched.map((node) =>
        poll(
          `${node.name} forgets bob`,
          GONE_MS,
          async () => !(await node.peers()).some((peer) => peer.name === 'bob'),
        ),
      ),
    )
    for (const node of watched) assert.ok(!(await node.models()).includes('of-bob'), node.name)

    await machineOf(lan, 1).plug()
    for (const node of watched) {
      await poll(`${node.name} reaches bob again`, JOIN_MS * 2, async () => {
        const response = await node.chat('of-bob', 'hello')
        await response.text()
        return response.headers.get('x-localai-node') === 'bob'
      })
    }
    assert.equal((await bob.chat('of-ada', 'hello')).status, 200)
  })
})

function machineOf(lan: Lan, index: number): Machine {
  const machine = lan.machines[index]
  assert.ok(machine !== undefined)
  return machine
}
