import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRhythm } from '../../../src/federation/run/rhythm.ts'

function start() {
  const clock = { ms: 1000 }
  const rhythm = createRhythm({ now: () => clock.ms })
  return {
    rhythm,
    /** One token comes after so long, and is handed to the client, who comes again after `heldMs`. */
    token(afterMs: number, heldMs = 0): number | undefined {
      clock.ms += afterMs
      const gapMs = rhythm.tokens(1)
      rhythm.sign()
      rhythm.handed()
      clock.ms += heldMs
      rhythm.pulled()
      return gapMs
    },
    pass(ms: number): void {
      clock.ms += ms
    },
  }
}

describe('the rhythm of an answer', () => {
  test('is nothing before the first token', () => {
    const { rhythm } = start()
    assert.deepEqual([rhythm.begun, rhythm.generationMs, rhythm.ownPace()], [false, 0, undefined])
  })

  test('is the time between its tokens', () => {
    const { rhythm, token } = start()
    assert.deepEqual([token(500), token(10), token(12)], [undefined, 10, 12])
    assert.deepEqual([rhythm.begun, rhythm.generationMs, rhythm.ownPace()], [true, 22, { tokens: 3, ms: 22 }])
  })

  test('has no gap where the client was not there to take what came', () => {
    const { token } = start()
    assert.deepEqual([token(500), token(10, 3000), token(0), token(10)], [undefined, 10, undefined, 10])
  })

  test('says nothing of the node when the client was slow, and all when it was slow once in a long answer', () => {
    const slow = start()
    for (let count = 0; count < 10; count += 1) slow.token(10, 500)
    assert.equal(slow.rhythm.ownPace(), undefined)
    const once = start()
    for (let count = 0; count < 100; count += 1) once.token(10, count === 50 ? 100 : 1)
    assert.equal(once.rhythm.ownPace()?.tokens, 100)
  })

  test('is that of the last node alone, whatever the client did before', () => {
    const { rhythm, token, pass } = start()
    for (let count = 0; count < 10; count += 1) token(10, 500)
    rhythm.otherNode()
    pass(2000)
    token(10)
    token(10)
    assert.deepEqual(rhythm.ownPace(), { tokens: 2, ms: 10 })
  })
})
