import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AdmissionFrame, decodeFrame, encodeFrame, type FrameKind } from '../../../../src/p2p/admission/frames.ts'
import type { KeyRing } from '../../../../src/p2p/admission/key-ring.ts'
import { answerProof, judgeAnswer, makeProof, type Session } from '../../../../src/p2p/admission/proof.ts'
import { INTERVAL_SECONDS, newToken, ringMaker } from './nodes.ts'

const SESSION: Session = { initiator: 'peer-a', responder: 'peer-b', handshakeHash: Buffer.alloc(32, 1) }
const ring = ringMaker()

/** The reason that each side gives, for two rings and what each believes the session to be. */
function exchange(
  [initiator, responder]: readonly [KeyRing, KeyRing],
  [seenByInitiator, seenByResponder]: readonly [Session, Session] = [SESSION, SESSION],
): (string | undefined)[] {
  const proof = makeProof(initiator, seenByInitiator)
  const { frame, problem } = answerProof(responder, seenByResponder, { proof: decodeFrame(encodeFrame(proof)) })
  const judged = judgeAnswer(initiator, seenByInitiator, { proof, answer: decodeFrame(encodeFrame(frame)) })
  return [judged, problem].map((error) => error && String(error.details['reason'] ?? error.code))
}

describe('proof of admission', () => {
  it('admits within the window and names the clock outside it', () => {
    for (const steps of [-1, 0, 1]) assert.deepEqual(exchange([ring(steps), ring()]), [undefined, undefined])
    for (const steps of [-1e6, -3, -2, 2, 3, 1e6]) {
      assert.deepEqual(exchange([ring(steps), ring()]), ['admission.clock-skew', 'admission.clock-skew'])
    }
  })

  it('admits no other network', () => {
    const token = newToken()
    for (const other of [
      newToken(),
      { ...token, networkId: 'b'.repeat(32) },
      { ...token, crypto: newToken().crypto },
    ]) {
      for (const steps of [0, 7]) {
        assert.deepEqual(exchange([ringMaker(other)(steps), ringMaker(token)()]), ['token', 'token'])
      }
    }
  })

  it('belongs to one session between two peers', () => {
    for (const other of [
      { ...SESSION, initiator: 'peer-c' },
      { ...SESSION, responder: 'peer-c' },
      { ...SESSION, handshakeHash: Buffer.alloc(32, 2) },
      { ...SESSION, initiator: SESSION.responder, responder: SESSION.initiator },
      // The same bytes in a row, cut elsewhere.
      { ...SESSION, initiator: 'peer-ap', responder: 'eer-b' },
    ]) {
      assert.deepEqual(exchange([ring(), ring()], [SESSION, other]), ['token', 'token'])
    }
  })

  it('has a bit that counts everywhere, in the proof and in the answer', () => {
    const proof = makeProof(ring(), SESSION)
    for (let bit = 0; bit < proof.mac.length * 8; bit++) {
      const { problem } = answerProof(ring(), SESSION, { proof: { ...proof, mac: flipped(proof.mac, bit) } })
      assert.equal(problem?.details['reason'], 'token')
    }
    for (const responder of [ring(), ring(9)]) {
      const { frame } = answerProof(responder, SESSION, { proof })
      for (let bit = 0; bit < frame.mac.length * 8; bit++) {
        const answer: AdmissionFrame = { ...frame, mac: flipped(frame.mac, bit) }
        assert.equal(judgeAnswer(ring(), SESSION, { proof, answer })?.details['reason'], 'token')
      }
    }
  })

  it('cannot be turned into another message, nor its step changed', () => {
    const proof = makeProof(ring(), SESSION)
    for (const step of [proof.step - 1, proof.step + 1, 0]) {
      assert.equal(answerProof(ring(), SESSION, { proof: { ...proof, step } }).problem?.details['reason'], 'token')
    }
    const reason = (answer: AdmissionFrame): unknown =>
      judgeAnswer(ring(), SESSION, { proof, answer })?.details['reason']
    assert.equal(reason(proof), 'malformed')
    for (const kind of ['accepted', 'clock'] as FrameKind[]) assert.equal(reason({ ...proof, kind }), 'token')
    const { frame: accepted } = answerProof(ring(), SESSION, { proof })
    const { frame: clock } = answerProof(ring(5), SESSION, { proof })
    assert.equal(accepted.kind, 'accepted')
    assert.equal(clock.kind, 'clock')
    assert.equal(reason({ ...accepted, kind: 'clock' }), 'token')
    assert.equal(reason({ ...clock, kind: 'accepted' }), 'token')
    assert.equal(reason({ ...clock, step: clock.step + 1 }), 'token')
    assert.equal(reason({ ...accepted, step: accepted.step + 1 }), 'token')
  })

  it('tells a stranger the same whatever it sends', () => {
    const stranger = makeProof(ringMaker()(), SESSION)
    const answers = [
      stranger,
      { ...stranger, step: 0 },
      { ...stranger, step: Number.MAX_SAFE_INTEGER },
      { ...stranger, kind: 'clock' as const },
      { kind: 'malformed' as const },
      { kind: 'other-version' as const, version: 9 },
    ].map((proof) => Buffer.from(encodeFrame(answerProof(ring(), SESSION, { proof }).frame)).toString('hex'))
    assert.equal(new Set(answers).size, 1)
  })

  it('gives a skew that both sides can rely on', () => {
    const proof = makeProof(ring(-4), SESSION)
    const { frame, problem } = answerProof(ring(), SESSION, { proof })
    assert.equal(problem?.details['otherClock'], 'behind')
    const judged = judgeAnswer(ring(-4), SESSION, { proof, answer: frame })
    assert.equal(judged?.details['otherClock'], 'ahead')
    for (const error of [problem, judged]) {
      const skewSeconds = Number(error?.details['skewSeconds'])
      assert.ok(skewSeconds >= 3 * INTERVAL_SECONDS && skewSeconds <= 4 * INTERVAL_SECONDS, String(skewSeconds))
      assert.match(error?.message ?? '', new RegExp(`at least ${skewSeconds} s`))
    }
    // The initiator's step has rolled over since it sent the proof: the answer is no less true.
    const later = judgeAnswer(ring(-1), SESSION, { proof, answer: frame })
    assert.ok(Number(later?.details['skewSeconds']) >= 3 * INTERVAL_SECONDS)
  })
})

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

describe('whom the owner does not want', () => {
  it('is told so when it holds the token, and nobody else learns anything', () => {
    for (const exclusion of ['removed', 'not-admitted'] as const) {
      const proof = makeProof(ring(), SESSION)
      const { frame, problem } = answerProof(ring(), SESSION, { proof, exclusionOf: () => exclusion })
      assert.equal(problem?.details['reason'], 'excluded')
      const heard = judgeAnswer(ring(), SESSION, { proof, answer: decodeFrame(encodeFrame(frame)) })
      assert.equal(heard?.details['reason'], exclusion)
      const forged = { ...frame, kind: exclusion === 'removed' ? 'not-admitted' : 'removed' } as const
      assert.equal(judgeAnswer(ring(), SESSION, { proof, answer: forged })?.details['reason'], 'token')
      const stranger = { ...proof, mac: Buffer.alloc(32) }
      const refusal = answerProof(ring(), SESSION, { proof: stranger, exclusionOf: () => exclusion })
      assert.deepEqual([refusal.frame.kind, refusal.problem?.details['reason']], ['refused', 'token'])
    }
    const told = judgeAnswer(ring(), SESSION, {
      proof: makeProof(ring(), SESSION),
      answer: answerProof(ring(), SESSION, { proof: makeProof(ring(), SESSION), exclusionOf: () => 'not-admitted' })
        .frame,
    })
    assert.match(told?.message ?? '', new RegExp(`local-ai p2p admit ${SESSION.initiator}`))
  })
})
