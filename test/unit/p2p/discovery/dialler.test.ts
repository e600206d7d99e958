import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDialler } from '../../../../src/p2p/discovery/dialler.ts'
import { createFindings } from '../../../../src/p2p/findings.ts'
import type { Host } from '../../../../src/p2p/host.ts'
import { newKey } from '../membership/records.ts'

/** Where every dial fails. */
async function unreachablePeer() {
  const { peerId } = await newKey()
  const events = new EventTarget()
  const dialled: string[] = []
  const libp2p = {
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    getConnections: () => [],
    async dial(address: { toString(): string }) {
      dialled.push(address.toString())
      throw new Error('nobody answers')
    },
  }
  const host = { peerId: '12D3KooW', libp2p, addresses: () => [], findings: createFindings({}) } as unknown as Host
  return {
    ...{ host, peerId, dialled },
    disconnect: () => void events.dispatchEvent(new CustomEvent('peer:disconnect', { detail: peerId })),
  }
}

describe('the dialler', () => {
  it('leaves whoever is not wanted any more, until it is wanted and heard of again', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const { host, peerId, dialled } = await unreachablePeer()
    const wanted = new Set([peerId])
    let now = 0
    const log = { debug: () => {} }
    const dialler = createDialler({ log, host, isWanted: (one) => wanted.has(one), random: () => 0.5, now: () => now })
    /** What is dialled in the minutes after. */
    const dialsAfter = async (change: () => void): Promise<number> => {
      const before = dialled.length
      change()
      for (let step = 0; step < 10; step += 1) {
        now += 60_000
        context.mock.timers.tick(60_000)
        for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
      }
      return dialled.length - before
    }
    const offer = (): void => dialler.offer({ peerId, addresses: [`/ip4/10.0.0.1/tcp/1/p2p/${peerId}`] })
    await dialler.start()
    try {
      assert.ok((await dialsAfter(offer)) > 1)
      offer()
      assert.equal(await dialsAfter(() => wanted.clear()), 0)
      assert.equal(await dialsAfter(offer), 0)
      assert.equal(await dialsAfter(() => wanted.add(peerId)), 0, 'it is forgotten')
      assert.ok((await dialsAfter(offer)) > 1)
    } finally {
      await dialler.stop()
    }
  })
})
