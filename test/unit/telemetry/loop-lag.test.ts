import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { LAG_TICK_MS, measureLoopLag } from '../../../src/telemetry/loop-lag.ts'

/** Ticks that came so many milliseconds late. */
function pretendedTicks(...lateMs: number[]) {
  const times = (): number[] => lateMs.map((ms) => (LAG_TICK_MS + ms) * 1e6).sort((left, right) => left - right)
  return {
    get count() {
      return lateMs.length
    },
    get min() {
      return times()[0] ?? 2 ** 62
    },
    get max() {
      return times().at(-1) ?? 0
    },
    get mean() {
      return times().reduce((sum, time) => sum + time, 0) / lateMs.length
    },
    stddev: 7e6,
    percentile: (share: number) => times()[Math.ceil((lateMs.length * share) / 100) - 1] ?? 0,
    reset: () => void lateMs.splice(0),
  }
}

async function lag(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('nodejs_eventloop_lag_'))
  const name = /^nodejs_eventloop_lag_(\w+)_seconds (.+)$/
  return Object.fromEntries(lines.map((line) => [name.exec(line)?.[1] ?? line, Number(name.exec(line)?.[2])]))
}

describe('the lag of the event loop', () => {
  it('is what ticks were late since the last scrape, without the pause between them', async () => {
    const registry = new Registry()
    measureLoopLag(registry, pretendedTicks(1, 2, 3, -1, 95))
    assert.deepEqual(await lag(registry), {
      ...{ min: 0, max: 0.095, mean: 0.02, stddev: 0.007, p50: 0.002, p90: 0.095, p99: 0.095 },
    })
    assert.deepEqual(await lag(registry), { min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 })
  })

  it('takes the place of series that have its names', async () => {
    const registry = new Registry()
    new Gauge({ name: 'nodejs_eventloop_lag_p99_seconds', help: 'of another', registers: [registry] }).set(5)
    measureLoopLag(registry, pretendedTicks(4))
    assert.equal((await lag(registry))['p99'], 0.004)
  })
})
