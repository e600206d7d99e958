import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { createKeyRing, createRendezvousRing } from '../../../src/p2p/admission/create-key-ring.ts'
import type { KeyPurpose, KeyRing } from '../../../src/p2p/admission/key-ring.ts'
import { generateToken } from '../../../src/p2p/token/generate-token.ts'
import { networkIdOf } from '../../../src/p2p/token/network-id.ts'
import type { NetworkToken } from '../../../src/p2p/token/network-token.ts'

const START_MS = 1767225600_000
const PURPOSES: readonly KeyPurpose[] = ['admission', 'rendezvous', 'mdns']
const token = generateToken({ otpIntervalSeconds: 60, dhtIntervalSeconds: 20 })

/** A ring whose clock the test moves, `skewSeconds` wrong. */
const ringAt = (make: typeof createKeyRing, clock: { ms: number }, skewSeconds = 0): KeyRing =>
  make({ now: () => clock.ms + skewSeconds * 1000 }, token)

/** RFC 5869, written out. */
const hkdf = (source: Buffer, salt: string, context: string): Buffer => {
  const extracted = createHmac('sha256', salt).update(source).digest()
  return createHmac('sha256', extracted).update(`${context}\u0001`).digest()
}

describe('a key ring', () => {
  it('has the HMAC that edgevpn cuts its codes from, and HKDF over it', () => {
    const localAi: NetworkToken = {
      dht: { key: 'D'.repeat(43), intervalSeconds: 360, length: 43 },
      crypto: { key: 'C'.repeat(43), intervalSeconds: 9000, length: 43 },
      room: 'R'.repeat(43),
      rendezvous: 'V'.repeat(43),
      mdns: 'M'.repeat(43),
      maxMessageSizeBytes: 20971520,
    }
    const deps = { now: () => START_MS }
    const context = (purpose: KeyPurpose): string => `local-ai/1\0${networkIdOf(localAi)}\0${purpose}`
    const admission = createKeyRing(deps, localAi)
    assert.equal(admission.step(), 196358)
    const sealCode = Buffer.from('Xc238u1XDz0wB8IglK0rgpOYPeEsXwE1sqVjJ0XIDLs=', 'base64')
    assert.deepEqual(admission.key(196358, 'admission'), hkdf(sealCode, localAi.room, context('admission')))
    const rendezvous = createRendezvousRing(deps, localAi)
    assert.equal(rendezvous.step(), 4908960)
    const dhtCode = Buffer.from('UldKV3iR5jzqxA5opcu4i3dtlVve4i5B1s2fPZDXFZk=', 'base64')
    assert.deepEqual(rendezvous.key(4908960, 'rendezvous'), hkdf(dhtCode, localAi.room, context('rendezvous')))
    assert.deepEqual(rendezvous.key(1, 'mdns'), hkdf(Buffer.from(localAi.mdns), localAi.room, context('mdns')))
  })

  for (const [name, make] of Object.entries({ createKeyRing, createRendezvousRing })) {
    it(`${name}: members agree over 25 rollovers when their clocks are less than a step apart`, () => {
      const clock = { ms: START_MS }
      const right = ringAt(make, clock)
      const { intervalSeconds } = right
      const others = [-intervalSeconds, -1, 1, intervalSeconds].map((skew) => ringAt(make, clock, skew))
      const seen = new Set<string>()
      for (const first = right.step(); right.step() <= first + 25; clock.ms += intervalSeconds * 250) {
        seen.add(right.key(right.step(), 'admission').toString('hex'))
        for (const other of others) {
          assert.ok(right.accepts(other.step()) && other.accepts(right.step()))
          for (const step of [right.step(), other.step()]) {
            assert.deepEqual(right.key(step, 'admission'), other.key(step, 'admission'))
          }
        }
      }
      assert.equal(seen.size, 26, 'every step has a key of its own')
    })

    it(`${name}: says at least how wrong a clock is that is further away`, () => {
      const clock = { ms: START_MS + 1500 }
      const ring = ringAt(make, clock)
      const { intervalSeconds } = ring
      for (const steps of [-400, -3, -2, -1, 0, 1, 2, 3, 400]) {
        for (const extra of [0, 0.5, 1]) {
          const skew = steps * intervalSeconds + extra
          const step = ringAt(make, clock, skew).step()
          const told = ring.skewSeconds(step)
          assert.equal(told === 0, ring.accepts(step))
          assert.ok(told <= Math.abs(skew), `${told} of ${skew}`)
          if (told > 0) assert.ok(told >= Math.abs(skew) - intervalSeconds - 1, `${told} of ${skew}`)
        }
      }
    })
  }

  it('accepts whole steps only', () => {
    const ring = ringAt(createKeyRing, { ms: START_MS })
    const now = ring.step()
    assert.deepEqual(
      [now - 2, now - 1, now, now + 1, now + 2, now + 0.5, Number.NaN, Infinity, -now].map(ring.accepts),
      [false, true, true, true, false, false, false, false, false],
    )
  })

  it('has other keys for other purposes, steps, rings and networks', () => {
    const other = (change: Partial<NetworkToken>): NetworkToken => ({ ...token, ...change })
    const networks = [
      token,
      other({ room: 'other' }),
      other({ networkId: 'f'.repeat(32) }),
      other({ mdns: 'other', crypto: { ...token.crypto, key: 'other' }, dht: { ...token.dht, key: 'another' } }),
    ]
    const keys = networks.flatMap((network) =>
      [createKeyRing, createRendezvousRing].flatMap((make) => {
        const ring = make({ now: () => START_MS }, network)
        const rotating = PURPOSES.filter((purpose) => purpose !== 'mdns')
        return [1, 2, 2 ** 32].flatMap((step) => rotating.map((purpose) => ring.key(step, purpose).toString('hex')))
      }),
    )
    const fixed = networks.map((network) =>
      createKeyRing({ now: () => 0 }, network)
        .key(0, 'mdns')
        .toString('hex'),
    )
    assert.equal(keys.length, 48)
    assert.equal(new Set([...keys, ...fixed]).size, 52)
    assert.ok([...keys, ...fixed].every((key) => key.length === 64))
  })

  it('has one key for mDNS, whenever a node starts', () => {
    const ring = ringAt(createRendezvousRing, { ms: START_MS })
    assert.deepEqual(ring.key(0, 'mdns'), ringAt(createKeyRing, { ms: 0 }).key(99, 'mdns'))
  })

  it('takes the rendezvous of a token that has no key for the DHT', () => {
    const { dht } = token
    const keyOf = (rendezvous: string): Buffer =>
      createRendezvousRing({ now: Date.now }, { ...token, dht: { ...dht, key: '' }, rendezvous }).key(1, 'rendezvous')
    assert.notDeepEqual(keyOf('a'), keyOf('b'))
  })

  it('gives the same key again, also after many others and after somebody wrote into it', () => {
    const ring = ringAt(createKeyRing, { ms: START_MS })
    const key = ring.key(5, 'admission')
    const before = key.toString('hex')
    key.fill(0)
    assert.equal(ring.key(5, 'admission').toString('hex'), before)
    for (let step = 100; step < 200; step += 1) ring.key(step, 'admission')
    assert.equal(ring.key(5, 'admission').toString('hex'), before)
  })
})
