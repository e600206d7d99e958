import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ADMISSION_VERSION,
  type AdmissionFrame,
  decodeFrame,
  encodeFrame,
  MAC_BYTES,
  MAX_FRAME_BYTES,
  REFUSED,
} from '../../../../src/p2p/admission/frames.ts'
import { seededRandom } from '../../../support/random.ts'

const PROOF: AdmissionFrame = {
  kind: 'proof',
  step: 5_666_667,
  mac: Uint8Array.from({ length: MAC_BYTES }, (_, i) => i),
}

describe('admission frames', () => {
  it('have a fixed form', () => {
    assert.equal(
      Buffer.from(encodeFrame(PROOF)).toString('hex'),
      `0101${(5_666_667).toString(16).padStart(16, '0')}${Buffer.from(PROOF.mac).toString('hex')}`,
    )
  })

  it('come back as they were, and are all equally long', () => {
    const frames = (['proof', 'accepted', 'clock', 'refused'] as const).map((kind) => ({ ...PROOF, kind }))
    for (const frame of [...frames, REFUSED, { ...PROOF, step: 0 }, { ...PROOF, step: Number.MAX_SAFE_INTEGER }]) {
      const bytes = encodeFrame(frame)
      assert.equal(bytes.length, encodeFrame(PROOF).length)
      assert.deepEqual(decodeFrame(bytes), { ...frame, mac: bytes.subarray(10) })
    }
  })

  it('are read from the middle of a larger buffer', () => {
    const bytes = encodeFrame(PROOF)
    const buffer = Buffer.concat([Buffer.alloc(7, 9), bytes, Buffer.alloc(5, 9)])
    assert.deepEqual(decodeFrame(buffer.subarray(7, 7 + bytes.length)), decodeFrame(bytes))
  })

  it('name the version of another one, however it looks', () => {
    for (const bytes of [Buffer.of(2), Buffer.alloc(200, 2), Buffer.alloc(MAX_FRAME_BYTES, 255)]) {
      assert.deepEqual(decodeFrame(bytes), { kind: 'other-version', version: bytes[0] })
    }
  })

  it('are malformed when empty, short, long, of no kind or of a step beyond counting', () => {
    const bytes = Buffer.from(encodeFrame(PROOF))
    const noKind = Buffer.from(bytes)
    noKind[1] = 7
    const kindZero = Buffer.from(bytes)
    kindZero[1] = 0
    const step = Buffer.from(bytes).fill(255, 2, 10)
    for (const wrong of [
      Buffer.of(),
      Buffer.of(0),
      bytes.subarray(0, 1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.alloc(MAX_FRAME_BYTES + 1, 2),
      noKind,
      kindZero,
      step,
    ]) {
      assert.deepEqual(decodeFrame(wrong), { kind: 'malformed' })
    }
  })

  it('never make the parser throw, and what it takes is exactly what would be written', () => {
    const random = seededRandom(20_260_801)
    const pick = (below: number): number => Math.floor(random() * below)
    let taken = 0
    for (let round = 0; round < 20_000; round++) {
      const frame: AdmissionFrame = { ...PROOF, step: pick(2 ** 40) }
      let bytes = Buffer.from(encodeFrame(frame))
      for (let change = pick(4); change > 0; change--) {
        const at = pick(bytes.length)
        if (random() < 0.6) bytes[at] = pick(256)
        else if (random() < 0.5) bytes = bytes.subarray(0, at)
        else bytes = Buffer.concat([bytes, Buffer.alloc(pick(40), pick(256))])
      }
      if (random() < 0.2) bytes = Buffer.from(Array.from({ length: pick(300) }, () => pick(256)))
      const decoded = decodeFrame(bytes)
      if (decoded.kind === 'malformed') continue
      if (decoded.kind === 'other-version') assert.ok(bytes[0] !== ADMISSION_VERSION)
      else {
        taken++
        assert.deepEqual(Buffer.from(encodeFrame(decoded)), bytes)
      }
    }
    assert.ok(taken > 1000, `only ${taken} valid frames were tried`)
  })
})
