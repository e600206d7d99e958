import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ArmName } from '../../../bench/support/gateway-arms.ts'
import { type GatewaySample, toRows, verdicts } from '../../../bench/support/gateway-report.ts'

describe('what the gateway bench concludes', () => {
  it('compares round by round, whatever the machine did between the rounds', () => {
    const samples = [
      sampleOf('direct', 40_000),
      sampleOf('entry', 4000),
      sampleOf('direct', 400),
      sampleOf('entry', 40),
    ]
    assert.equal(toRows(samples).find(({ arm }) => arm === 'entry')?.ofDirect, 0.1)
  })

  it('says met and missed', () => {
    const fast = [sampleOf('direct', 40_000), sampleOf('entry', 6000), sampleOf('litellm', 1200), ...addedMs(1)]
    assert.deepEqual(toWords(fast), [true, true, true])
    const slow = [sampleOf('direct', 40_000), sampleOf('entry', 5999), sampleOf('litellm', 1201), ...addedMs(1.25)]
    assert.deepEqual(toWords(slow), [false, false, false])
  })

  it('concludes nothing where the machine was too slow, or somebody was not there', () => {
    assert.deepEqual(toWords([sampleOf('direct', 39_999), sampleOf('entry', 6000)]), [undefined, undefined, undefined])
    assert.deepEqual(toWords([]), [undefined, undefined, undefined])
  })

  it('holds nobody against one who gave no answer', () => {
    const samples = [sampleOf('entry', 6000), sampleOf('litellm', 0)]
    assert.equal(toWords(samples)[1], undefined)
  })
})

function toWords(samples: readonly GatewaySample[]): readonly (boolean | undefined)[] {
  return verdicts(samples)
    .filter(({ target }) => target.startsWith('entry'))
    .map(({ met }) => met)
}

function addedMs(added: number): readonly GatewaySample[] {
  return [
    { ...sampleOf('direct', 1), connections: 10, p50Ms: 0.25 },
    { ...sampleOf('entry', 1), connections: 10, p50Ms: 0.25 + added },
  ]
}

function sampleOf(arm: ArmName, requestsPerSecond: number): GatewaySample {
  return {
    ...{ arm, connections: 16, stream: false, requestsPerSecond },
    ...{ p50Ms: 1, p99Ms: 2, firstP50Ms: 1, firstP99Ms: 2, failures: 0 },
    ...{ gatewayCpuSeconds: 0.1, upstreamCpuSeconds: 0.1, gatewayMegabytes: 100 },
  }
}
