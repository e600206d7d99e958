import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFrameReader, type Frame, MAX_FRAME_BYTES, toFrame } from '../../../../src/federation/journal/frames.ts'

const FRAMES = [
  ['head', Buffer.from('{"status":200}')],
  ['tokens', Buffer.alloc(0)],
  ['body', Buffer.from('data: \u20ac\n\n')],
  ['aside', Buffer.from(':')],
  ['body', Buffer.alloc(300, 'x')],
] as const
const BYTES = Buffer.concat(FRAMES.map(([kind, payload]) => toFrame(kind, payload)))

function read(pieces: readonly Buffer[]) {
  const reader = createFrameReader()
  const frames: Frame[] = []
  for (const piece of pieces) frames.push(...reader.take(piece))
  return { frames: frames.map(({ kind, payload }) => [kind, payload.toString()]), between: reader.between }
}

const whole = { frames: FRAMES.map(([kind, payload]) => [kind, payload.toString()]), between: true }

describe('frames', () => {
  it('are the same wherever the stream was cut', () => {
    assert.deepEqual(read([BYTES]), whole)
    for (let at = 0; at <= BYTES.length; at += 1) {
      assert.deepEqual(read([BYTES.subarray(0, at), BYTES.subarray(at)]), whole, `cut at ${at}`)
    }
    for (const size of [1, 2, 3, 5, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(BYTES.length / size) }, (_, index) =>
        BYTES.subarray(index * size, (index + 1) * size),
      )
      assert.deepEqual(read(pieces), whole, `pieces of ${size}`)
    }
  })

  it('are not whole before the last byte', () => {
    for (let at = 1; at < BYTES.length; at += 1) {
      const { frames, between } = read([BYTES.subarray(0, at)])
      const ends = frames.reduce((sum, [, payload = '']) => sum + 5 + Buffer.byteLength(payload), 0)
      assert.equal(between, ends === at, `at ${at}`)
    }
  })

  it('are refused with another kind, or longer than they may be, as soon as that is told', () => {
    const long = Buffer.alloc(5)
    long.writeUInt32BE(MAX_FRAME_BYTES + 1, 1)
    for (const bytes of [Buffer.from([9, 0, 0, 0, 1]), Buffer.from([255, 0, 0, 0, 0]), long]) {
      assert.throws(() => read([bytes]), { code: 'peer.unreachable' })
      assert.throws(() => read([...bytes].map((byte) => Buffer.from([byte]))), { code: 'peer.unreachable' })
      assert.throws(() => read([BYTES, bytes]), { code: 'peer.unreachable' })
    }
  })

  it('keep nothing of the pieces that they were made of', () => {
    const reader = createFrameReader()
    const frame = toFrame('body', Buffer.alloc(100, 'a'))
    const pieces = [frame.subarray(0, 50), frame.subarray(50)].map((piece) => Buffer.from(piece))
    const frames = pieces.flatMap((piece) => {
      const taken = reader.take(piece)
      piece.fill('b')
      return taken
    })
    assert.equal(frames[0]?.payload.toString(), 'a'.repeat(100))
  })
})
