import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Uint8ArrayList } from 'uint8arraylist'
import { createNoiseMessages } from '../../../../src/p2p/admission/noise-messages.ts'
import { seededRandom } from '../../../support/random.ts'

function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

describe('messages of Noise', () => {
  it('are found whatever pieces they come in', () => {
    const random = seededRandom(11)
    const below = (limit: number): number => Math.floor(random() * limit)
    for (let round = 0; round < 300; round += 1) {
      const sent = Array.from({ length: 1 + below(6) }, () =>
        Buffer.alloc(1 + below(round % 10 === 0 ? 65_535 : 40), below(256)),
      )
      const wire = Buffer.concat(sent.map(framed))
      const found: Buffer[] = []
      const messages = createNoiseMessages()
      for (let at = 0; at < wire.length; ) {
        const end = Math.min(wire.length, at + 1 + below(round % 3 === 0 ? 3 : wire.length / 2))
        const half = at + ((end - at) >> 1)
        const piece =
          round % 2 === 0
            ? wire.subarray(at, end)
            : new Uint8ArrayList(wire.subarray(at, half), wire.subarray(half, end))
        for (const message of messages.decode(piece)) found.push(Buffer.from(message))
        at = end
      }
      assert.deepEqual(found, sent)
    }
  })

  it('are none where the length is nothing', () => {
    const messages = createNoiseMessages()
    assert.deepEqual([...messages.decode(Buffer.of(0, 0))], [])
    assert.deepEqual(
      [...messages.decode(Buffer.of(0, 1, 7))].map(([byte]) => byte),
      [7],
    )
  })
})
