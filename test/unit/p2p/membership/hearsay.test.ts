import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHearsay } from '../../../../src/p2p/membership/hearsay.ts'
import { sealRecord } from '../../../../src/p2p/membership/record-codec.ts'
import { silentLog } from '../../../support/p2p/hosts.ts'
import { newKey, recordOf } from './records.ts'

function listen() {
  const newest = new Map<string, { id: string; incarnation: number }>()
  const repeated: string[] = []
  let now = 0
  const store = { newestOf: (peerId: string) => newest.get(peerId), repeat: (peerId: string) => repeated.push(peerId) }
  const hearsay = createHearsay({ log: silentLog, store: store as never, now: () => now })
  return {
    ...{ hearsay, newest, repeated },
    pass(ms: number): void {
      now += ms
    },
  }
}

describe('hearsay', () => {
  it('that was taken is known while something of that node is held, and renews only what it repeats', () => {
    const { hearsay, newest, repeated } = listen()
    assert.ok(!hearsay.isKnown('one', 'teller'))
    hearsay.remember('one', 'peer')
    assert.ok(!hearsay.isKnown('one', 'teller'), 'the store has dropped it')
    newest.set('peer', { id: 'one', incarnation: 1 })
    assert.ok(hearsay.isKnown('one', 'teller'))
    assert.ok(!hearsay.isKnown('one', 'peer'), 'in its own mouth it is no hearsay')
    newest.set('peer', { id: 'two', incarnation: 1 })
    assert.ok(hearsay.isKnown('one', 'teller'), 'overtaken')
    assert.deepEqual(repeated, ['peer'])
  })

  it('is limited in bytes and in number for each teller, in time it may tell more; its own words are free', async () => {
    const { hearsay, pass } = listen()
    const { key, peerId } = await newKey()
    const own = (await sealRecord(recordOf(peerId), key)).bytes
    for (const size of [64 * 1024, 10]) {
      const teller = `teller of ${size}`
      const bytes = new Uint8Array(size)
      let told = 0
      while (told < 5000 && hearsay.affords(teller, bytes)) told += 1
      assert.equal(told, size === 10 ? 1024 : 128)
      assert.ok(hearsay.affords('another', bytes))
      pass(1000)
      assert.ok(hearsay.affords(teller, bytes))
    }
    for (let turn = 0; turn < 2000; turn += 1) assert.ok(hearsay.affords(peerId, own))
    let told = 0
    while (told < 5000 && hearsay.affords('liar', own)) told += 1
    assert.equal(told, 1024)
  })
})
