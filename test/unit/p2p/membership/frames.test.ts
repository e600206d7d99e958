import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFrameBudget } from '../../../../src/p2p/membership/frame-budget.ts'
import { createFrameDecoder, encodeFrame, type Frame } from '../../../../src/p2p/membership/frames.ts'
import {
  decodeMessage,
  encodeMessage,
  type LinkMessage,
  MAX_DIGEST_IDS,
} from '../../../../src/p2p/membership/link-message.ts'
import { createRoundTrip } from '../../../../src/p2p/membership/round-trip.ts'
import { seededRandom } from '../../../support/random.ts'

function decodeAll(chunks: readonly Uint8Array[]): Frame[] {
  const decoder = createFrameDecoder()
  const frames: Frame[] = []
  for (const chunk of chunks) {
    decoder.append(chunk)
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  }
  return frames
}

function roundTripOf(message: LinkMessage): unknown {
  const [frame] = decodeAll([encodeMessage(message)])
  return frame && decodeMessage(frame)
}

describe('frames', () => {
  it('come out whole however the bytes are cut', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seededRandom(seed)
      const sent = Array.from({ length: 20 }, () => ({
        type: Math.floor(random() * 256),
        payload: Buffer.from(Array.from({ length: Math.floor(random() * 400) }, () => Math.floor(random() * 256))),
      }))
      const bytes = Buffer.concat(sent.map(encodeFrame))
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + Math.floor(random() * 300)
        chunks.push(bytes.subarray(at, end))
        at = end
      }
      const got = decodeAll(chunks).map(({ type, payload }) => ({ type, payload: Buffer.from(payload) }))
      assert.deepEqual(got, sent, `seed ${seed}`)
    }
  })

  it('of a length beyond the bounds are refused at their first four bytes', () => {
    for (const length of [10 * 2 ** 20, 2 ** 32 - 1, 70_000, 0]) {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(length)
      assert.throws(() => decodeAll([head]), /frame of/, `${length}`)
    }
  })
})

describe('messages of a link', () => {
  it('tell of no more prefixes than there is room for, and what announces more has none', () => {
    const prefixes = Array.from({ length: 300 }, (_, at) => at)
    const load = { running: 1, queued: 0, memoryFreeBytes: 0 }
    const message: LinkMessage = {
      type: 'heartbeat',
      beat: { counter: 1, echo: 0, heldMs: 0, load: { ...load, prefixes } },
    }
    assert.partialDeepStrictEqual(roundTripOf(message), { beat: { load: { ...load, prefixes: prefixes.slice(44) } } })
    const [frame] = decodeAll([encodeMessage(message)])
    assert.ok(frame)
    for (const payload of [
      frame.payload.subarray(0, -1),
      Buffer.concat([frame.payload.subarray(0, 28), Buffer.of(1, 1, 0)]),
    ]) {
      const cut = decodeMessage({ type: frame.type, payload })
      assert.ok(cut.type === 'heartbeat')
      assert.deepEqual(cut.beat.load, load)
    }
  })

  it('come out as they went in', () => {
    const load = { running: 3, queued: 0, memoryFreeBytes: 2 ** 40 }
    const messages: LinkMessage[] = [
      { type: 'hello', version: 1, software: 'v1' },
      { type: 'record', bytes: Uint8Array.of(1, 2, 3) },
      { type: 'goodbye', bytes: Uint8Array.of(9) },
      { type: 'heartbeat', beat: { counter: 7, echo: 6, heldMs: 12.5 } },
      { type: 'heartbeat', beat: { counter: 2 ** 32 - 1, echo: 0, heldMs: 0, load } },
      { type: 'heartbeat', beat: { counter: 8, echo: 0, heldMs: 0, load: { ...load, prefixes: [0, 7, 2 ** 32 - 1] } } },
      { type: 'heartbeat', beat: { counter: 9, echo: 0, heldMs: 0, load: { ...load, prefixes: [] } } },
      { type: 'digest', ids: new Set(['0123456789abcdef', 'ffffffffffffffff']), answerWanted: true },
      { type: 'digest', ids: new Set(), answerWanted: false },
    ]
    for (const message of messages) assert.deepEqual(roundTripOf(message), message)
  })

  it('may carry more than this version knows', () => {
    assert.deepEqual(decodeMessage({ type: 99, payload: new Uint8Array(5) }), { type: 'unknown' })
    const [beat] = decodeAll([encodeMessage({ type: 'heartbeat', beat: { counter: 1, echo: 0, heldMs: 0 } })])
    assert.ok(beat)
    const longer = Buffer.concat([beat.payload, Buffer.alloc(4)])
    assert.equal(decodeMessage({ type: beat.type, payload: longer }).type, 'heartbeat')
    const hello = Buffer.from(JSON.stringify({ version: 1, software: 'v9', extra: { deep: true } }))
    assert.deepEqual(decodeMessage({ type: 1, payload: hello }), { type: 'hello', version: 1, software: 'v9' })
  })

  it('are malformed when they are', () => {
    const broken: Frame[] = [
      { type: 1, payload: Buffer.from('{') },
      { type: 1, payload: Buffer.from('null') },
      { type: 1, payload: Buffer.from('{"version":"1"}') },
      { type: 1, payload: Buffer.from(JSON.stringify({ version: 1, software: 'x'.repeat(2000) })) },
      { type: 3, payload: Buffer.alloc(11) },
      { type: 3, payload: Buffer.alloc(28, 0xff) },
      { type: 4, payload: Buffer.alloc(0) },
      { type: 4, payload: Buffer.alloc(8) },
      { type: 4, payload: Buffer.alloc(1 + 8 * (MAX_DIGEST_IDS + 1)) },
    ]
    for (const frame of broken) assert.equal(decodeMessage(frame).type, 'malformed', JSON.stringify(frame))
  })

  it('are never made malformed by odd numbers of our own', () => {
    for (const memoryFreeBytes of [Number.NaN, -5, 1.5]) {
      const load = { running: 1e12, queued: -1, memoryFreeBytes }
      const [frame] = decodeAll([
        encodeMessage({ type: 'heartbeat', beat: { counter: 1, echo: 0, heldMs: 1e12, load } }),
      ])
      assert.equal(frame && decodeMessage(frame).type, 'heartbeat')
    }
  })
})

describe('the round trip', () => {
  it('is the lowest of the last eight, without what the other side waited', () => {
    const trip = createRoundTrip()
    assert.equal(trip.lowestMs, undefined)
    for (let counter = 1; counter <= 20; counter += 1) {
      const now = counter * 1000
      trip.sent(counter, now)
      trip.echoed({ counter, heldMs: 100 }, now + 100 + (counter === 3 ? 1 : counter))
      if (counter === 10) assert.equal(trip.lowestMs, 1)
    }
    assert.equal(trip.lowestMs, 13)
  })

  it('ignores echoes of what was never sent, twice echoed, or held longer than possible', () => {
    const trip = createRoundTrip()
    trip.sent(1, 0)
    trip.echoed({ counter: 2, heldMs: 0 }, 1)
    assert.equal(trip.lowestMs, undefined)
    trip.echoed({ counter: 1, heldMs: 1e9 }, 5)
    trip.echoed({ counter: 1, heldMs: 0 }, 500)
    assert.equal(trip.lowestMs, 0)
  })
})

describe('the budget of frames', () => {
  it('lets a snapshot through, and ends a flood', () => {
    const budget = createFrameBudget()
    for (let frame = 0; frame < 4096; frame += 1) assert.ok(budget.spend(0))
    assert.ok(!budget.spend(0))
    assert.ok(budget.spend(1000), 'it fills again with time')
  })
})
