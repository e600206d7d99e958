import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOwnRecord } from '../../../../src/p2p/membership/own-record.ts'
import { openRecord, type SignedRecord } from '../../../../src/p2p/membership/record-codec.ts'
import { silentLog, until } from '../../../support/p2p/hosts.ts'
import { newKey, OFFER, recordOf } from './records.ts'

async function ownRecord({ now = (): number => 1000, restMs = 1 } = {}) {
  const { key, peerId } = await newKey()
  const published: SignedRecord[] = []
  const warnings: string[] = []
  const asked = { addresses: 0 }
  let addresses: readonly string[] = ['/ip4/10.0.0.1/tcp/1']
  const warn = (facts: object, message: string) => void warnings.push(`${message} ${JSON.stringify(facts)}`)
  const log = { ...silentLog, warn }
  const own = createOwnRecord(
    {
      ...{ privateKey: key, now, log: log as typeof silentLog },
      addresses() {
        asked.addresses += 1
        return addresses
      },
      onPublished: (signed) => void published.push(signed),
    },
    { name: 'node', version: 'v1', gatherMs: 5, restMs },
  )
  return {
    ...{ own, peerId, published, warnings, asked },
    move(next: readonly string[]) {
      addresses = next
      own.look()
    },
  }
}

describe("a node's own record", () => {
  it('goes out at the start and when it says something new, and not else', async () => {
    const { own, published, move } = await ownRecord()
    own.advertise(OFFER)
    await own.start()
    assert.equal(published.length, 1)
    assert.deepEqual(published[0]?.record.offer, OFFER, 'what was advertised before the start is told')
    own.advertise({ ...OFFER })
    own.look()
    move(['/ip4/10.0.0.2/tcp/1'])
    await until(() => published.length === 2)
    assert.deepEqual(published[1]?.record.addresses, ['/ip4/10.0.0.2/tcp/1'])
    own.advertise({ ...OFFER, draining: true })
    await until(() => published.length === 3)
    assert.deepEqual(
      published.map(({ record }) => [record.incarnation, record.sequence]),
      [1, 2, 3].map((sequence) => [1000, sequence]),
    )
    for (const { bytes } of published) assert.ok('signed' in (await openRecord(bytes)))
    await own.leave()
  })

  it('asks for the addresses again when told to look, not for each offer like the last', async (context) => {
    const { own, asked } = await ownRecord()
    await own.start()
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const asksAfter = async (change: () => void): Promise<number> => {
      const before = asked.addresses
      change()
      context.mock.timers.tick(1000)
      await own.leave()
      const asks = asked.addresses - before
      await own.start()
      return asks
    }
    assert.equal(await asksAfter(() => own.advertise({ ...OFFER })), 1)
    assert.equal(await asksAfter(() => own.advertise({ ...OFFER })), 0)
    assert.equal(await asksAfter(() => own.advertise({ ...OFFER, slots: 9 })), 1)
    assert.equal(await asksAfter(() => own.advertise({ ...OFFER, slots: 9 })), 0)
    assert.equal(await asksAfter(own.look), 1)
    await own.leave()
  })

  it('gathers changes that come together into one', async () => {
    const { own, published } = await ownRecord({ restMs: 60_000 })
    await own.start()
    for (let slots = 1; slots <= 50; slots += 1) own.advertise({ ...OFFER, slots })
    await until(() => published.length === 2)
    assert.equal(published[1]?.record.offer.slots, 50)
    const { record } = await own.leave()
    assert.ok(record.leaving && record.sequence === 3)
    own.advertise(OFFER)
    assert.equal(published.length, 2)
  })

  it('continues above what its key has signed before', async () => {
    const { own, peerId, published } = await ownRecord()
    await own.start()
    own.overtake(recordOf(peerId, { incarnation: 900, sequence: 5 }))
    own.overtake(recordOf(peerId, { incarnation: 1000, sequence: 1 }))
    own.overtake(recordOf(peerId, { incarnation: 5000, sequence: 7 }))
    await until(() => published.length === 2)
    assert.equal(published[1]?.record.incarnation, 5001)
    await own.leave()
  })

  it('begins anew when the clock went back too far, and not for less', async () => {
    let unixMs = 10_000
    const { own, published } = await ownRecord({ now: () => unixMs })
    await own.start()
    unixMs = 9000
    own.followClock(1000)
    own.look()
    unixMs = 8999
    own.followClock(1000)
    await until(() => published.length === 2)
    assert.equal(published[1]?.record.incarnation, 8999)
    await own.leave()
  })

  it('says so when another node has the same key', async () => {
    const { own, peerId, warnings } = await ownRecord()
    await own.start()
    for (let turn = 1; turn <= 3; turn += 1) own.overtake(recordOf(peerId, { incarnation: turn * 10_000 }))
    assert.match(warnings.join(), /key of this one/)
    await own.leave()
  })

  it('names the models that it has no room for, once for each number of them', async () => {
    const { own, published, warnings } = await ownRecord()
    const modelsOf = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `m${index}`, loaded: false, capabilities: [] }))
    const told = async (count: number, slots: number) => {
      const before = published.length
      own.advertise({ ...OFFER, slots, models: modelsOf(count) })
      await until(() => published.length > before)
    }
    await own.start()
    for (const slots of [1, 2, 3]) await told(612, slots)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /"modelsLeftOut":100,"models":\["m512","m513",("m\d+",){5}"m519"\]/)
    await told(613, 1)
    await told(1, 1)
    await told(613, 1)
    assert.equal(warnings.length, 3)
    await own.leave()
  })

  it('is of a new incarnation after each start, even within one millisecond', async () => {
    const { own } = await ownRecord()
    await own.start()
    const first = own.current()?.record.incarnation ?? 0
    await own.leave()
    await own.start()
    assert.ok((own.current()?.record.incarnation ?? 0) > first)
    await own.leave()
  })
})
