import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { createFindings } from '../../../../src/p2p/findings.ts'
import { encodeMessage } from '../../../../src/p2p/membership/link-message.ts'
import { LINK_PROTOCOL } from '../../../../src/p2p/membership/link-opener.ts'
import { createMembership } from '../../../../src/p2p/membership/membership.ts'
import { sealRecord } from '../../../../src/p2p/membership/record-codec.ts'
import { NO_ROSTER } from '../../../../src/p2p/roster/create-roster-keeper.ts'
import { silentLog, until } from '../../../support/p2p/hosts.ts'
import { type BareMember, startBareMember, startPuppet } from './members.ts'
import { newKey, OFFER, recordOf } from './records.ts'

/** Silent after 0.4 s and gone 0.6 s later, for tests that have to wait for it. */
const FAST = { heartbeatMs: 50, tickMs: 20, silentAfterMs: 400, goneAfterMs: 600, antiEntropyMs: 200 }

function isLinked(one: BareMember, other: Parameters<BareMember['view']>[0]): boolean {
  return one.view(other)?.state === 'linked'
}

function countLinks(member: BareMember): number {
  const streams = member.host.libp2p.getConnections().flatMap((connection) => connection.streams)
  return streams.filter(({ protocol, status }) => protocol === LINK_PROTOCOL && status === 'open').length
}

function warned(member: BareMember, words: RegExp): boolean {
  return member.warnings.some(({ message, facts }) => words.test(`${message} ${JSON.stringify(facts)}`))
}

describe('a link', () => {
  it('is one, even when both sides dial', async () => {
    await using one = await startBareMember({ timings: FAST })
    await using other = await startBareMember({ timings: FAST })
    const addressOf = ({ host }: BareMember) => multiaddr(host.addresses()[0] ?? '')
    await Promise.all([
      one.host.libp2p.dial(addressOf(other), { force: true }),
      other.host.libp2p.dial(addressOf(one), { force: true }),
    ])
    await until(() => isLinked(one, other) && isLinked(other, one))
    await until(() => countLinks(one) === 1 && countLinks(other) === 1)
  })

  it('is opened again when it breaks and the connection does not', async () => {
    await using one = await startBareMember({ timings: FAST })
    await using other = await startBareMember({ timings: FAST })
    await one.dial(other)
    await until(() => isLinked(one, other) && isLinked(other, one))
    const states: unknown[] = []
    one.membership.onChange(() => states.push(one.view(other)?.state))
    const streams = one.host.libp2p.getConnections().flatMap((connection) => connection.streams)
    streams.find(({ protocol }) => protocol === LINK_PROTOCOL)?.abort(new Error('broken'))
    await until(() => states.includes('silent') && isLinked(one, other) && isLinked(other, one))
  })

  it('moves from a relayed connection to a direct one, without a gap', async () => {
    await using relay = await startBareMember({ host: { relay: 'on' } })
    await using one = await startBareMember({ host: { relay: 'on' } })
    await using other = await startBareMember({ host: { relay: 'on' } })
    await one.dial(relay)
    await until(() => one.host.addresses().some((address) => address.includes('/p2p-circuit')))
    const seat = `${relay.host.addresses()[0]}/p2p-circuit/p2p/${one.host.peerId}`
    const seen: string[] = []
    other.membership.onChange(() => {
      const view = other.view(one)
      if (view !== undefined) seen.push(`${view.state} ${view.path}`)
    })
    await other.host.libp2p.dial(multiaddr(seat))
    await until(() => other.view(one)?.path === 'relayed')
    await other.host.libp2p.dial(multiaddr(one.host.addresses()[0] ?? ''), { force: true })
    await until(() => other.view(one)?.path === 'direct' && one.view(other)?.path === 'direct')
    assert.deepEqual([...new Set(seen)], ['linked relayed', 'linked direct'])
  })

  it('may end before the next one is known, which is no loss unless that ends as well', async () => {
    await using member = await startBareMember()
    await using puppet = await startPuppet(member)
    const stateOf = () => member.membership.peers().map(({ state }) => state)
    await puppet.introduce()
    await until(() => stateOf().includes('linked'))
    const states: unknown[] = []
    member.membership.onChange(() => states.push(...stateOf()))
    await puppet.moveOn()
    await until(() => countLinks(member) === 1)
    await puppet.introduce({ incarnation: 11 })
    await until(() => states.length > 0)
    assert.ok(!states.includes('silent'))
    await puppet.moveOn()
    await until(() => countLinks(member) === 1)
    assert.deepEqual(stateOf(), ['linked'])
    puppet.stream.abort(new Error('gone'))
    await until(() => stateOf().includes('silent'))
  })

  it('is refused beyond the bound', async () => {
    await using full = await startBareMember({ maxLinks: 2 })
    await using one = await startPuppet(full)
    await using two = await startPuppet(full)
    await using three = await startPuppet(full)
    for (const puppet of [one, two]) await puppet.introduce()
    await until(() => full.membership.peers().length === 2)
    await three.introduce()
    await until(() => three.stream.status !== 'open')
    assert.equal(full.membership.peers().length, 2)
    assert.ok(warned(full, /2 links/))
  })
})

describe('a node that dies', () => {
  it('is silent at once, gone in ten seconds, and no gossip brings it back', async () => {
    await using one = await startBareMember({ timings: { hintAgainMs: 100, antiEntropyMs: 100 } })
    await using two = await startBareMember({ timings: { hintAgainMs: 100, antiEntropyMs: 100 } })
    await using victim = await startBareMember()
    for (const dialler of [one, two]) await dialler.dial(victim)
    await two.dial(one)
    await until(() => [one, two].every((other) => isLinked(other, victim)) && isLinked(one, two))
    await victim.crash()
    await until(() => [one, two].every((other) => other.view(victim)?.state === 'silent'), 1000)
    await using late = await startBareMember({ timings: { ...FAST, hintAgainMs: 100 } })
    await late.dial(one)
    await until(() => isLinked(late, one) && late.candidates.some(({ peerId }) => peerId === two.host.peerId))
    assert.equal(one.view(victim)?.state, 'silent')
    await until(() => [one, two].every((other) => other.view(victim) === undefined), 10_000)
    assert.ok(isLinked(one, two) && isLinked(two, one))
    assert.ok(!late.candidates.some(({ peerId }) => peerId === victim.host.peerId), 'nobody tells of the dead')
    // Both remember it as a place to dial, and compare notes; that makes it no more alive.
    await until(() => one.candidates.filter(({ peerId }) => peerId === victim.host.peerId).length > 2)
    assert.equal(one.view(victim) ?? two.view(victim) ?? late.view(victim), undefined)

    await using again = await startBareMember({ privateKey: victim.privateKey })
    await again.dial(one)
    const ms = await until(() => isLinked(one, again))
    assert.ok(ms < 3000)
    const before = victim.host.peerId
    assert.equal(one.view(again)?.record.peerId, before)
  })

  it('is silent when it says nothing, and gone when that lasts; then its connection is given up', async () => {
    await using one = await startBareMember({ timings: FAST })
    await using puppet = await startPuppet(one)
    await puppet.introduce()
    await until(() => isLinked(one, puppet))
    await until(() => one.view(puppet)?.state === 'silent')
    assert.ok(
      one.candidates.some(({ peerId }) => peerId === puppet.host.peerId),
      'it is to be dialled anew',
    )
    puppet.raw(99, new Uint8Array(1))
    await until(() => isLinked(one, puppet))
    await until(() => one.view(puppet) === undefined)
    await until(() => puppet.stream.status !== 'open' && one.host.libp2p.getConnections().length === 0)
  })

  it('comes back after a crash with a clock that went back, when it is only remembered', async () => {
    await using one = await startBareMember({ timings: FAST })
    await using first = await startPuppet(one)
    await first.introduce({ incarnation: 1000 })
    await until(() => isLinked(one, first))
    await first.host.stop()
    await until(() => one.view(first) === undefined)
    await using second = await startPuppet(one, first.privateKey)
    await second.introduce({ incarnation: 10 })
    await until(() => isLinked(one, second))
    assert.equal(one.view(second)?.record.incarnation, 10)
  })

  it('is believed in its own words though others have told the same before', async () => {
    await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000 } })
    await using teller = await startPuppet(one)
    await teller.introduce()
    const told = await newKey()
    const { bytes } = await sealRecord(recordOf(told.peerId, { incarnation: 10 }), told.key)
    teller.send({ type: 'record', bytes })
    teller.send({ type: 'record', bytes })
    await until(() => one.candidates.some(({ peerId }) => peerId === told.peerId) || one.host.peerId < told.peerId)
    await using puppet = await startPuppet(one, told.key)
    await puppet.introduce()
    await until(() => isLinked(one, puppet))
  })

  it('comes back before anybody noticed, over a new connection', async () => {
    await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000 } })
    await using first = await startPuppet(one)
    await first.introduce({ incarnation: 10 })
    await until(() => isLinked(one, first))
    await using second = await startPuppet(one, first.privateKey)
    await second.introduce({ incarnation: 11, name: 'restarted' })
    await until(() => one.view(second)?.record.name === 'restarted')
    await until(() => first.stream.status !== 'open' || first.stream.remoteWriteStatus !== 'writable')
    assert.equal(one.membership.peers().length, 1)
    assert.ok(isLinked(one, second))
  })

  it('is believed by all once its clock was put right, though it started a day ahead', async () => {
    let aheadMs = 24 * 3600_000
    await using one = await startBareMember({ timings: FAST })
    await using other = await startBareMember({ timings: FAST })
    await other.dial(one)
    await until(() => isLinked(one, other))
    await using late = await startBareMember({ timings: FAST, now: () => Date.now() + aheadMs })
    aheadMs = 0
    await late.dial(one)
    await until(() => isLinked(one, late) && isLinked(late, one))
    const isDialled = (from: BareMember, to: BareMember) =>
      from.candidates.some(({ peerId }) => peerId === to.host.peerId)
    await until(() => isDialled(other, late) || isDialled(late, other))
    assert.ok(!warned(one, /closed/))
  })

  it('stays, and its news come, when the clock here goes back by a day', async () => {
    let behindMs = 0
    await using one = await startBareMember({ timings: FAST, now: () => Date.now() - behindMs })
    await using other = await startBareMember({ timings: FAST })
    await other.dial(one)
    await until(() => isLinked(one, other) && isLinked(other, one))
    behindMs = 24 * 3600_000
    other.membership.advertise({ ...OFFER, slots: 7 })
    await until(() => one.view(other)?.record.offer.slots === 7)
    one.membership.advertise({ ...OFFER, slots: 8 })
    await until(() => other.view(one)?.record.offer.slots === 8)
    assert.ok(![one, other].some((member) => warned(member, /closed|silent/)))
  })

  it('that said goodbye is gone at once; one whose clock then goes back is believed again', async () => {
    await using one = await startBareMember()
    await using ahead = await startBareMember({ now: () => Date.now() + 3600_000 })
    await ahead.dial(one)
    await until(() => isLinked(one, ahead))
    const before = one.view(ahead)?.record.incarnation ?? 0
    await ahead.membership.stop()
    await until(() => one.view(ahead) === undefined, 1000)
    assert.ok(!warned(one, /silent/))
    assert.deepEqual(ahead.warnings, [], 'who leaves loses nobody')
    await ahead.host.stop()
    await using back = await startBareMember({ privateKey: ahead.privateKey })
    await back.dial(one)
    await until(() => isLinked(one, back) && isLinked(back, one), 3000)
    assert.ok((one.view(back)?.record.incarnation ?? 0) > before)
  })
})

it('a start that failed leaves nothing behind', async (test) => {
  const listeners = new Set<unknown>()
  const asked: string[] = []
  const { key } = await newKey()
  const libp2p = {
    handle: () => Promise.reject(new Error('no')),
    unhandle: async () => {},
    getConnections: () => [],
    addEventListener: (_: string, listener: unknown) => void listeners.add(listener),
    removeEventListener: (_: string, listener: unknown) => void listeners.delete(listener),
  }
  const membership = createMembership(
    {
      ...{ log: silentLog, privateKey: key, findings: createFindings({}), roster: NO_ROSTER, onCandidate() {} },
      libp2p: () => libp2p as never,
      addresses: () => {
        asked.push('addresses')
        return []
      },
    },
    { name: 'node', version: 'test', maxClockDifferenceMs: 1000 },
  )
  test.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  await assert.rejects(membership.start(), /no/)
  assert.equal(listeners.size, 2)
  membership.advertise(OFFER)
  await membership.stop()
  assert.equal(listeners.size, 0)
  const before = asked.length
  test.mock.timers.tick(60_000)
  await new Promise(setImmediate)
  assert.equal(asked.length, before)
})

describe('what a hostile member says', () => {
  it('of others is a hint at most, and never makes anybody alive', async () => {
    await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000, hintAgainMs: 50 } })
    await using puppet = await startPuppet(one)
    await puppet.introduce()
    const ghost = await newKey()
    const { bytes } = await sealRecord(recordOf(ghost.peerId), ghost.key)
    puppet.send({ type: 'record', bytes })
    await until(() => one.candidates.some(({ peerId }) => peerId === ghost.peerId))
    const told = one.candidates.filter(({ peerId }) => peerId === ghost.peerId)
    assert.ok(told.every(({ source }) => source === puppet.host.peerId))
    assert.deepEqual(
      one.membership.peers().map(({ record }) => record.peerId),
      [puppet.host.peerId],
    )
  })

  it('in the name of others is refused and logged; the link stays', async () => {
    await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000 } })
    await using member = await startBareMember()
    await member.dial(one)
    await using puppet = await startPuppet(one)
    await puppet.introduce()
    await until(() => isLinked(one, puppet) && isLinked(one, member))
    const name = one.view(member)?.record.name
    const forged = await sealRecord(
      recordOf(member.host.peerId, { incarnation: Date.now(), sequence: 99, name: 'forged' }),
      puppet.privateKey,
    )
    puppet.send({ type: 'record', bytes: forged.bytes })
    const genuine = await sealRecord(recordOf(member.host.peerId, { incarnation: 1, name: 'old' }), member.privateKey)
    const tampered = Uint8Array.from(genuine.bytes)
    tampered[200] = (tampered[200] ?? 0) ^ 1
    puppet.send({ type: 'record', bytes: tampered })
    // Truly signed, but overtaken: a replay.
    puppet.send({ type: 'record', bytes: genuine.bytes })
    const last = await newKey()
    puppet.send({ type: 'record', bytes: (await sealRecord(recordOf(last.peerId), last.key)).bytes })
    puppet.send({ type: 'digest', ids: new Set(), answerWanted: true })
    await until(() => warned(one, /a record was refused/))
    await puppet.introduce({ sequence: 2, name: 'still here' })
    await until(() => one.view(puppet)?.record.name === 'still here')
    assert.equal(one.view(member)?.record.name, name)
    assert.ok(isLinked(one, member) && isLinked(one, puppet))
  })

  it('cannot end another member with a goodbye', async () => {
    await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000 } })
    await using member = await startBareMember()
    await member.dial(one)
    await using puppet = await startPuppet(one)
    await puppet.introduce()
    await until(() => isLinked(one, puppet) && isLinked(one, member))
    const record = recordOf(member.host.peerId, { incarnation: Date.now() + 1, leaving: true })
    for (const key of [puppet.privateKey, member.privateKey]) {
      puppet.send({ type: 'goodbye', bytes: (await sealRecord(record, key)).bytes })
    }
    await puppet.introduce({ sequence: 2, name: 'still here' })
    await until(() => one.view(puppet)?.record.name === 'still here')
    assert.ok(isLinked(one, member))
  })

  const ends: Record<string, (puppet: Awaited<ReturnType<typeof startPuppet>>) => unknown> = {
    'a frame of 10 MB': ({ stream }) => stream.send(Buffer.from([0x00, 0xa0, 0x00, 0x00, 2, 1, 1])),
    'a malformed heartbeat': (puppet) => puppet.raw(3, Buffer.alloc(5)),
    'a malformed hello': (puppet) => puppet.raw(1, Buffer.from('nonsense')),
    'a flood': (puppet) => {
      const beat = encodeMessage({ type: 'heartbeat', beat: { counter: 1, echo: 0, heldMs: 0 } })
      puppet.stream.send(Buffer.concat(Array.from({ length: 6000 }, () => beat)))
    },
  }
  for (const [what, act] of Object.entries(ends)) {
    it(`like ${what} ends its link, with a line in the log`, async () => {
      await using one = await startBareMember({ timings: { ...FAST, silentAfterMs: 60_000 } })
      await using puppet = await startPuppet(one)
      await puppet.introduce()
      await until(() => isLinked(one, puppet))
      act(puppet)
      await until(() => puppet.stream.status !== 'open')
      assert.ok(warned(one, /a link was closed .*(announced|malformed|more than)/), JSON.stringify(one.warnings))
    })
  }

  it('on many links at once has four places until it says who it is', async () => {
    await using one = await startBareMember({ timings: { ...FAST, greetingMs: 60_000 } })
    await using shy = await startPuppet(one)
    const [connection] = shy.host.libp2p.getConnections()
    assert.ok(connection)
    const more = await Promise.allSettled(Array.from({ length: 5 }, () => connection.newStream(LINK_PROTOCOL)))
    const isOver = (one: (typeof more)[number]) => one.status === 'rejected' || one.value.status !== 'open'
    await until(() => more.filter(isOver).length === 2)
    await until(() => countLinks(one) === 4)
    assert.equal(one.warnings.filter(({ message }) => message === 'a link was closed').length, 1)
  })

  it('before it says hello, or without saying who it is, keeps it out', async () => {
    await using one = await startBareMember({ timings: { ...FAST, greetingMs: 200 } })
    await using rude = await startPuppet(one)
    rude.send({ type: 'record', bytes: new Uint8Array(3) })
    await using shy = await startPuppet(one)
    shy.send({ type: 'hello', version: 1, software: '' })
    await until(() => rude.stream.status !== 'open' && shy.stream.status !== 'open')
    assert.ok(warned(one, /without a hello/) && warned(one, /who it is/))
    assert.equal(one.membership.peers().length, 0)
  })

  it('in another version of the protocol is a finding', async () => {
    await using one = await startBareMember()
    await using puppet = await startPuppet(one)
    puppet.send({ type: 'hello', version: 2, software: 'v9' })
    await until(() => one.findings.list().length > 0)
    assert.equal(one.findings.list()[0]?.problem, 'version-differs')
    assert.match(one.findings.list()[0]?.message ?? '', /v9/)
  })

  it('may be nothing at all while it reads nothing: it loses its link', async () => {
    await using one = await startBareMember({
      timings: { ...FAST, silentAfterMs: 60_000, gatherMs: 1, restMs: 1, stallMs: 300 },
    })
    await using puppet = await startPuppet(one)
    await puppet.introduce()
    await until(() => isLinked(one, puppet))
    puppet.stream.pause()
    let turn = 0
    await until(() => {
      turn += 1
      const models = Array.from({ length: 300 }, (_, index) => ({
        ...{ name: `model-${index}-${turn}`.padEnd(120, 'x'), loaded: false, capabilities: [] },
      }))
      one.membership.advertise({ ...OFFER, models })
      return warned(one, /does not read/)
    })
    await until(() => one.view(puppet)?.state !== 'linked')
  })
})
