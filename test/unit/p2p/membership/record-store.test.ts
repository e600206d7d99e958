import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NodeRecord } from '../../../../src/p2p/membership/node-record.ts'
import type { SignedRecord } from '../../../../src/p2p/membership/record-codec.ts'
import { type Arrival, createRecordStore, type RecordStore } from '../../../../src/p2p/membership/record-store.ts'
import { seededRandom } from '../../../support/random.ts'
import { asSigned, recordOf } from './records.ts'

function storeOf({ maxHints = 1024, maxTombstones = 4096 } = {}): RecordStore {
  return createRecordStore({ maxHints, maxTombstones, maxAheadMs: 1000, hintLifeMs: 60_000 })
}

function from(source: string, nowMs = 0): Arrival {
  return { source, unixMs: 1000, nowMs }
}

function signedOf(peerId: string, more: Partial<NodeRecord> = {}): SignedRecord {
  return asSigned(recordOf(peerId, more))
}

/** What can be seen of a store from outside, for some peers. */
function seen(store: RecordStore, peers: readonly string[]): unknown {
  return peers.map((peerId) => store.newestOf(peerId)?.id)
}

describe('the record store', () => {
  it('comes to the same end in whatever order, and however often, records arrive', () => {
    const peers = ['a', 'b', 'c']
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed)
      const records = Array.from({ length: 25 }, () =>
        signedOf(peers[Math.floor(random() * 3)] ?? 'a', {
          incarnation: 1 + Math.floor(random() * 4),
          sequence: 1 + Math.floor(random() * 4),
          name: `name-${Math.floor(random() * 3)}`,
          leaving: random() < 0.15,
        }),
      )
      const [one, other] = [storeOf(), storeOf()]
      for (const record of records) one.put(record, from(record.record.peerId))
      const shuffled = [...records, ...records].map((record) => ({ record, at: random() })).sort((x, y) => x.at - y.at)
      for (const { record } of shuffled) other.put(record, from(peers[Math.floor(random() * 3)] ?? 'a'))
      assert.deepEqual(seen(one, peers), seen(other, peers), `seed ${seed}`)
    }
  })

  it('lets nothing of a start come back after its goodbye, and a new start at once', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = seededRandom(seed)
      const store = storeOf()
      store.put(signedOf('a', { incarnation: 5, sequence: 3 }), from('a'))
      store.link(signedOf('a', { incarnation: 5, sequence: 3 }))
      assert.equal(store.put(signedOf('a', { incarnation: 5, sequence: 4, leaving: true }), from('a')), 'left')
      for (let turn = 0; turn < 20; turn += 1) {
        const old = { incarnation: 1 + Math.floor(random() * 5), sequence: Math.floor(random() * 100) }
        assert.equal(store.put(signedOf('a', old), from('gossip')), 'older')
        assert.equal(store.newestOf('a'), undefined)
      }
      assert.equal(store.put(signedOf('a', { incarnation: 6, sequence: 1 }), from('a')), 'added')
    }
  })

  it('tells what a record changed', () => {
    const store = storeOf()
    assert.equal(store.put(signedOf('a'), from('b')), 'added')
    assert.equal(store.put(signedOf('a'), from('c')), 'known')
    assert.equal(store.put(signedOf('a', { sequence: 2 }), from('b')), 'updated')
    assert.equal(store.put(signedOf('a', { sequence: 1 }), from('b')), 'older')
    assert.equal(store.put(signedOf('a', { incarnation: 2, sequence: 0 }), from('b')), 'added')
    assert.equal(store.put(signedOf('a', { incarnation: 2001 }), from('b')), 'ahead')
    assert.equal(store.put(signedOf('a', { incarnation: 2000 }), from('b')), 'added')
    assert.equal(
      store.put(signedOf('a', { incarnation: 2001 }), from('a')),
      'added',
      'its own words, of an admitted node',
    )
  })

  it('shows a node its newest words, its goodbye too', () => {
    const store = storeOf()
    const goodbye = signedOf('a', { incarnation: 9, leaving: true })
    assert.equal(store.newestBytes('a'), undefined)
    store.put(signedOf('a'), from('a'))
    store.put(goodbye, from('a'))
    assert.equal(store.newestBytes('a'), goodbye.bytes)
  })

  it('keeps linked records and the hints of others when one member floods it', () => {
    const store = storeOf({ maxHints: 100, maxTombstones: 100 })
    store.put(signedOf('linked'), from('linked'))
    store.link(signedOf('linked'))
    for (let index = 0; index < 20; index += 1) store.put(signedOf(`honest-${index}`), from('honest'))
    store.put(signedOf('gone', { leaving: true }), from('gone'))
    for (let index = 0; index < 5000; index += 1) {
      store.put(signedOf(`sybil-${index}`), from('hostile'))
      store.put(signedOf(`dead-${index}`, { leaving: true }), from('hostile'))
    }
    assert.equal(store.hints().length, 100)
    assert.ok(store.newestOf('linked'))
    for (let index = 0; index < 20; index += 1) assert.ok(store.newestOf(`honest-${index}`), `honest-${index}`)
    assert.equal(store.put(signedOf('gone'), from('hostile')), 'older')
  })

  it('makes a hint of a record whose link is gone, and forgets it in time', () => {
    const store = storeOf()
    store.put(signedOf('a'), from('a'))
    store.link(signedOf('a'))
    store.expire(1e9)
    assert.deepEqual(
      store.linked().map(({ record }) => record.peerId),
      ['a'],
    )
    store.unlink('a', 1e9)
    assert.equal(store.hints(1e9).length, 0)
    assert.equal(store.hints().length, 1)
    store.expire(1e9 + 60_000)
    assert.ok(store.newestOf('a'))
    store.expire(1e9 + 60_001)
    assert.equal(store.newestOf('a'), undefined)
  })

  it('takes no goodbye that is too large to keep', () => {
    const store = storeOf()
    const name = 'x'.repeat(5000)
    store.put(signedOf('a'), from('a'))
    assert.equal(store.put(signedOf('a', { name, leaving: true }), from('a')), 'older')
    assert.ok(store.newestOf('a'))
  })

  it('keeps of what others tell only what is needed to dial, and little of that', () => {
    const store = storeOf()
    const addresses = Array.from({ length: 16 }, (_, index) => `/dns4/${String(index).padEnd(500, 'x')}/tcp/1`)
    store.put(signedOf('a', { addresses }), from('hostile'))
    const [hint] = store.hints()
    assert.ok(hint)
    assert.deepEqual(hint.addresses, addresses.slice(0, 4))
    assert.ok(JSON.stringify(hint).length < 2500, 'nothing else of the record is held')
    assert.equal(store.newestBytes('a'), undefined)
    store.link(signedOf('a', { addresses }))
    assert.equal(store.linkedOf('a')?.record.offer.slots, 4)
    assert.equal(store.hints().length, 0)
    store.unlink('a', 5)
    assert.equal(hint.source, 'hostile')
    assert.deepEqual(store.hints(), [{ ...hint, source: 'a', toldAtMs: 5 }])
  })

  it('keeps a hint that is repeated in the same words', () => {
    const store = storeOf()
    store.put(signedOf('a'), from('b'))
    store.repeat('a', 50_000)
    store.expire(100_000)
    assert.equal(store.hints().length, 1)
    store.expire(110_001)
    assert.equal(store.hints().length, 0)
  })
})
