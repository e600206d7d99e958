import assert from 'node:assert/strict'
import { it } from 'node:test'
import { goDuration } from '../../../src/compose/printed-transcript.ts'

it('writes a duration as Go does', () => {
  const cases = {
    0: '0s',
    0.25: '250ms',
    1: '1s',
    1.5: '1.5s',
    60: '1m0s',
    61.5: '1m1.5s',
    3600: '1h0m0s',
    3723.004: '1h2m3.004s',
  }
  for (const [seconds, text] of Object.entries(cases)) assert.equal(goDuration(Number(seconds)), text)
})
