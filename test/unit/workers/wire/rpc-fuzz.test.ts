import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzzRpc } from '../../../support/rpc-fuzz.ts'

describe('sessions that dice have changed', () => {
  it('lead to no request that breaks a rule, and to no error', () => {
    const { messages, passed, refused } = fuzzRpc({ seed: 42, messages: 20_000 })
    assert.ok(messages >= 20_000)
    // Both kinds: a fuzz whose every message is refused would prove nothing.
    assert.ok(passed > 5000, `${passed} let through`)
    assert.ok(refused.size > 25, `${refused.size} reasons`)
  })
})
