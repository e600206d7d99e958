import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAttempts } from '../../../src/accounts/attempts.ts'
import { sourceOf } from '../../../src/accounts/sign-in.ts'

describe('attempts', () => {
  it('are so many in a time, of each by itself', () => {
    let now = 1000
    const attempts = createAttempts({ attempts: 2, windowMs: 500 }, () => now)
    attempts.begin('a')
    attempts.begin('a')
    attempts.begin('b')
    now = 1200
    assert.throws(() => attempts.begin('a'), { code: 'request.rate-limited', details: { retryAfterMs: 300 } })
    attempts.begin('b')
    now = 1500
    attempts.begin('a')
  })

  it('are not refused for longer than the time, though the clock goes back', () => {
    let now = 100_000
    const attempts = createAttempts({ attempts: 1, windowMs: 500 }, () => now)
    attempts.begin('a')
    now = 1000
    attempts.begin('a')
    assert.throws(() => attempts.begin('a'), { details: { retryAfterMs: 500 } })
  })

  it('do not count when they succeed', () => {
    const attempts = createAttempts({ attempts: 2, windowMs: 500 }, () => 0)
    for (let count = 0; count < 10; count += 1) {
      attempts.begin('a')
      attempts.succeeded('a')
    }
    attempts.begin('a')
    attempts.begin('a')
    assert.throws(() => attempts.begin('a'), { code: 'request.rate-limited' })
  })
})

describe('the source of attempts', () => {
  const rows = [
    ['192.168.0.7', '192.168.0.7'],
    ['::ffff:192.168.0.7', '192.168.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ] as const
  for (const [address, source] of rows) it(address, () => assert.equal(sourceOf(address), source))
})
