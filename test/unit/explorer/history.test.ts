import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Sample, SERIES, slotOf, toPoints, uptimeOf } from '../../../src/explorer/history.ts'

const SERIES_OF_THREE = { resolutionSeconds: 60, slots: 3 }
const MINUTE_MS = 60_000

function sample(slot: number, change: Partial<Sample> = {}): Sample {
  return { resolution: 60, slot, visits: 2, successes: 2, nodes: 8, workers: 6, models: 4, ...change }
}

describe('the history of a network', () => {
  it('has a point for each slot, means of what was found, and gaps where nothing was', () => {
    const points = toPoints(
      [sample(8), sample(10, { visits: 4, successes: 1, nodes: 3, workers: 3, models: 1 })],
      SERIES_OF_THREE,
      {
        sinceUnixMs: 0,
        nowUnixMs: 10 * MINUTE_MS + 5,
      },
    )
    assert.deepEqual(points, [
      { atUnixMs: 8 * MINUTE_MS, uptime: 1, figures: { nodes: 4, workers: 3, models: 2 } },
      { atUnixMs: 9 * MINUTE_MS, uptime: undefined, figures: undefined },
      { atUnixMs: 10 * MINUTE_MS, uptime: 0.25, figures: { nodes: 3, workers: 3, models: 1 } },
    ])
  })

  it('begins when the network was added, and is never empty', () => {
    const nowUnixMs = 100 * MINUTE_MS
    assert.equal(toPoints([], SERIES_OF_THREE, { sinceUnixMs: nowUnixMs, nowUnixMs }).length, 1)
    assert.equal(toPoints([], SERIES_OF_THREE, { sinceUnixMs: nowUnixMs - MINUTE_MS, nowUnixMs }).length, 2)
    assert.equal(toPoints([], SERIES_OF_THREE, { sinceUnixMs: nowUnixMs + 9e9, nowUnixMs }).length, 1)
  })

  it('knows no figures from visits that all failed', () => {
    const failed = sample(5, { successes: 0, nodes: 0, workers: 0, models: 0 })
    const [point] = toPoints([failed], SERIES_OF_THREE, { sinceUnixMs: 5 * MINUTE_MS, nowUnixMs: 5 * MINUTE_MS })
    assert.deepEqual(point, { atUnixMs: 5 * MINUTE_MS, uptime: 0, figures: undefined })
  })

  it('covers a day, a month and a year with a bounded number of points', () => {
    const days = Object.values(SERIES).map(({ resolutionSeconds, slots }) => (resolutionSeconds * slots) / 86_400)
    assert.deepEqual(days, [1, 30, 366])
    assert.equal(slotOf(86_400_000, SERIES.year), 1)
  })

  it('counts uptime over all visits', () => {
    assert.equal(uptimeOf([]), undefined)
    assert.equal(uptimeOf([sample(1), sample(2, { visits: 2, successes: 1 })]), 0.75)
  })
})
