import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { toOwnerKey } from '../../../../src/p2p/identity/owner-key.ts'
import { createRosterKeeper } from '../../../../src/p2p/roster/create-roster-keeper.ts'
import type { Roster } from '../../../../src/p2p/roster/roster.ts'
import { openRoster, sealRoster } from '../../../../src/p2p/roster/roster-codec.ts'
import { silentLog } from '../../../support/p2p/hosts.ts'

const NETWORK = '0123456789abcdef0123456789abcdef'

describe('what a node knows of who may be in the network', () => {
  let owner: Ed25519PrivateKey
  let other: Ed25519PrivateKey
  let ownerKey: string
  let [self, bob, mal] = ['', '', '']
  before(async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => generateKeyPair('Ed25519')))
    owner = keys[0] as Ed25519PrivateKey
    other = keys[1] as Ed25519PrivateKey
    ownerKey = toOwnerKey(owner.publicKey)
    ;[self, bob, mal] = keys.slice(2).map((key) => peerIdFromPrivateKey(key).toString()) as [string, string, string]
  })

  const rosterOf = (number: number, removed: readonly string[] = []): Roster => ({
    ...{ networkId: NETWORK, number, issuedUnixMs: 0, open: true, admitted: [] },
    removed: removed.map((peerId) => ({ peerId, name: '' })),
  })
  const sealed = async (roster: Roster, key = owner) => (await sealRoster(roster, key)).bytes

  /** A node, and what it has kept. */
  async function keeper(init: { kept?: Uint8Array; owns?: boolean; ownerKey?: string; fails?: boolean } = {}) {
    const saved: Uint8Array[] = []
    const warnings: unknown[] = []
    const log = { ...silentLog, warn: (...line: unknown[]): void => void warnings.push(line) }
    let changes = 0
    const made = await createRosterKeeper(
      {
        log,
        ownerPrivateKey: init.owns === true ? owner : undefined,
        async save(bytes) {
          if (init.fails === true) throw new Error('the disk is full')
          saved.push(bytes)
        },
        now: () => 5,
      },
      { networkId: NETWORK, ownerKey: 'ownerKey' in init ? init.ownerKey : ownerKey, self, kept: init.kept },
    )
    made.onChange(() => {
      changes += 1
    })
    return { ...made, saved, warnings, changes: () => changes }
  }

  it('is the newest that the owner has signed, and survives a restart', async () => {
    const node = await keeper()
    const [first, second] = [await sealed(rosterOf(1, [mal])), await sealed(rosterOf(2, [bob]))]
    assert.equal(await node.take(first), 'newer')
    assert.equal(node.exclusionOf(mal), 'removed')
    assert.equal(await node.take(first), 'same')
    assert.equal(await node.take(second), 'newer')
    assert.equal(await node.take(first), 'older')
    assert.deepEqual([node.exclusionOf(mal), node.exclusionOf(bob)], [undefined, 'removed'])
    assert.deepEqual([node.changes(), node.saved.length], [2, 2])
    const restarted = await keeper({ kept: second })
    assert.equal(restarted.exclusionOf(bob), 'removed')
    assert.equal(await restarted.take(first), 'older')
  })

  it('is the same of two with one number at every node', async () => {
    const both = [await sealed(rosterOf(1, [mal])), await sealed(rosterOf(1, [bob]))]
    const [one, two] = [await keeper(), await keeper()]
    await Promise.all(both.map((bytes) => one.take(bytes)))
    await Promise.all(both.toReversed().map((bytes) => two.take(bytes)))
    assert.deepEqual(one.current()?.roster, two.current()?.roster)
  })

  it('is one thing, however its envelope is written down', async () => {
    const node = await keeper()
    const plain = await sealed(rosterOf(1, [mal]))
    // A field that nobody knows: the signature fits all of these.
    const variants = Array.from({ length: 8 }, (_, value) => Buffer.concat([plain, Buffer.of(15 << 3, value)]))
    assert.equal(await node.take(variants[0] ?? plain), 'newer')
    for (const bytes of [...variants, plain]) assert.equal(await node.take(bytes), 'same')
    assert.deepEqual([node.changes(), node.saved.length], [1, 1])
    assert.deepEqual(node.current()?.bytes, plain)
  })

  it('is nothing that somebody else has signed, was made for something else, or is of another network', async () => {
    const node = await keeper()
    const good = await sealed(rosterOf(1, [mal]))
    const flipped = Uint8Array.from(good)
    flipped[40] = (flipped[40] ?? 0) ^ 1
    const payload = Buffer.from(JSON.stringify(rosterOf(1)))
    const codec = Buffer.from('/local-ai/network-roster/1')
    const wrongs = [
      await sealed(rosterOf(9), other),
      await sealed({ ...rosterOf(9), networkId: 'f'.repeat(32) }),
      flipped,
      (
        await RecordEnvelope.seal(
          { domain: 'local-ai-node-record', codec, marshal: () => payload, equals: () => false },
          owner,
        )
      ).marshal(),
      Buffer.alloc(70_000),
      Buffer.of(),
      Buffer.from('nonsense'),
    ]
    for (const wrong of wrongs) assert.equal(await node.take(wrong), 'refused')
    assert.deepEqual([node.current(), node.changes()], [undefined, 0])
    // Whoever tells them could fill the log.
    assert.deepEqual(node.warnings, [])
    const unowned = await keeper({ ownerKey: undefined as never })
    assert.equal(await unowned.take(good), 'refused')
    assert.equal((await keeper({ kept: flipped })).current(), undefined)
  })

  it('is said by the owner alone, and the owner stays', async () => {
    const node = await keeper({ owns: true })
    const present = [self, bob, mal].map((peerId) => ({ peerId, name: peerId.slice(-3) }))
    const roster = await node.decide({ remove: [{ peerId: mal, name: '' }] }, present)
    assert.deepEqual([roster.number, roster.open, roster.issuedUnixMs], [1, false, 5])
    const bytes = node.current()?.bytes ?? Buffer.of()
    assert.ok('signed' in (await openRoster(bytes, { ownerKey, networkId: NETWORK })))
    const member = await keeper()
    assert.equal(await member.take(bytes), 'newer')
    assert.deepEqual([bob, mal].map(member.exclusionOf), [undefined, 'removed'])
    await assert.rejects(node.decide({ remove: [{ peerId: self, name: '' }] }, present), { code: 'request.invalid' })
    await assert.rejects(node.decide({ admit: [{ peerId: 'no id', name: '' }] }, present), { code: 'request.invalid' })
    const both = [{ peerId: bob, name: '' }]
    await assert.rejects(node.decide({ admit: both, remove: both }, present), { code: 'request.invalid' })
    await assert.rejects(member.decide({ open: true }, present), { code: 'request.forbidden' })
    assert.equal(node.current()?.roster.number, 1)
  })

  it('counts also when it cannot be kept', async () => {
    const node = await keeper({ fails: true })
    assert.equal(await node.take(await sealed(rosterOf(1, [mal]))), 'newer')
    assert.equal(node.exclusionOf(mal), 'removed')
  })

  it('is kept as soon as it can be, and then only once', async () => {
    const disk = { fails: true }
    const node = await keeper(disk)
    const bytes = await sealed(rosterOf(1, [mal]))
    await node.take(bytes)
    await node.keep()
    assert.deepEqual([node.saved.length, node.warnings.length], [0, 1])
    disk.fails = false
    await node.keep()
    await node.keep()
    assert.deepEqual(node.saved, [bytes])
  })

  it('has a list of those that ask to be let in, which does not grow for ever', async () => {
    const node = await keeper({ owns: true })
    await node.decide({ open: false }, [{ peerId: self, name: '' }])
    for (let count = 0; count < 100; count += 1) node.knocked(`stranger ${count}`)
    node.knocked(bob)
    assert.equal(node.knocks().length, 32)
    assert.equal(node.knocks().at(-1), bob)
    await node.decide({ admit: [{ peerId: bob, name: '' }] }, [])
    assert.equal(node.knocks().includes(bob), false)
  })
})
