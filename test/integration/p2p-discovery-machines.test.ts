import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { createLan, type Machine, needsNamespaces } from '../support/namespaces.ts'
import { until } from '../support/p2p/hosts.ts'
import { type NodeProcess, startNodeProcess } from '../support/p2p/node-process.ts'

function connection(from: NodeProcess, to: NodeProcess) {
  return from.events.flatMap((one) => (one.event === 'connected' && one.peerId === to.peerId ? [one] : []))[0]
}

/** Packets from one to the other are lost without a word, as between two homes. */
function separate(one: Machine, other: Machine): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const nowhere = ['neigh', 'replace', to.address, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent']
    const [command, ...words] = [...from.enter, 'ip', ...nowhere]
    execFileSync(command ?? '', words)
  }
}

describe('machines of one network', needsNamespaces, () => {
  it('find each other on the LAN by token alone, and no stranger', async (context) => {
    await using lan = await createLan(3)
    const [one, two, three] = lan.machines
    assert.ok(one && two && three)
    await using first = await startNodeProcess(one.enter, { word: 'one', mdns: true })
    await using stranger = await startNodeProcess(three.enter, { word: 'two', mdns: true })
    await using second = await startNodeProcess(two.enter, { word: 'one', mdns: true })
    await until(() => connection(first, second) !== undefined && connection(second, first) !== undefined)
    context.diagnostic(`found and connected ${connection(second, first)?.ms} ms after the start of the second node`)
    assert.equal(await stranger.end(), 0)
    assert.deepEqual(stranger.events.slice(1), [{ event: 'stopping', findings: [] }])
    assert.equal(await first.end(), 0, 'it ends by itself: nothing was left open')
  })

  it('that cannot reach each other meet through a third', async (context) => {
    await using lan = await createLan(3)
    const [one, middle, other] = lan.machines
    assert.ok(one && middle && other)
    separate(one, other)
    await using relay = await startNodeProcess(middle.enter, { word: 'one', port: 4001, rendezvous: true })
    const init = { word: 'one', bootstrap: [`${middle.address}:4001`], rendezvous: true }
    await using first = await startNodeProcess(one.enter, init)
    await using second = await startNodeProcess(other.enter, init)
    await until(() => connection(first, relay) !== undefined && connection(second, relay) !== undefined)
    await until(() => connection(first, second) !== undefined, 40_000)
    assert.equal(connection(first, second)?.direct, false)
    assert.equal(connection(first, relay)?.direct, true)
    context.diagnostic(`linked through the relay ${connection(first, second)?.ms} ms after the start of the first node`)
  })
})
