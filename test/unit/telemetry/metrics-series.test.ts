import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createMetricsSeries, type SeriesPoint } from '../../../src/telemetry/metrics-series.ts'

const plain = createMetrics({ log: { info: () => {} } }, { processMetrics: false })
const finished = { id: '1', endpoint: 'chat', model: 'm', status: 200, durationMs: 1 } as const

test('a point says what happened since the one before', async () => {
  let now = 100_000
  const memory = () => ({ processBytes: 5, machineFreeBytes: 7 })
  const series = createMetricsSeries({ unixNow: () => now, now: () => now, memory }, { intervalMs: 5000, maxPoints: 2 })
  const metrics = series.watch(plain)
  for (let at = 1; at <= 20; at += 1) {
    metrics.requestStarted('chat')
    metrics.requestAnswering('chat')
    metrics.requestFinished({ ...finished, promptTokens: 10, completionTokens: 5, firstTokenMs: at * 100 })
  }
  metrics.requestStarted('chat')
  metrics.requestStarted('chat')
  metrics.requestAnswering('chat')
  metrics.requestStarted('chat')
  metrics.requestFinished({ ...finished, status: 503, promptTokens: 0, completionTokens: 0 })
  const { id, endpoint } = finished
  metrics.requestForwarded({ id, endpoint, node: 'n', status: 200, outcome: 'answered', tries: 1, durationMs: 1 })
  now += 10_000
  series.sample()
  const expected: SeriesPoint = {
    unixMs: 110_000,
    requestsPerSecond: 2.1,
    forwardedPerSecond: 0.1,
    failedPerSecond: 0.1,
    promptTokensPerSecond: 20,
    completionTokensPerSecond: 10,
    firstTokenP50Ms: 1000,
    firstTokenP95Ms: 1900,
    running: 2,
    queued: 1,
    processBytes: 5,
    machineFreeBytes: 7,
  }
  assert.deepEqual(series.since(0), [expected])
  now += 5000
  series.sample()
  const [, quiet] = series.since(0)
  assert.equal(quiet?.requestsPerSecond, 0)
  assert.equal(quiet?.firstTokenP50Ms, null)
  assert.equal(quiet?.running, 2)
  now += 5000
  series.sample()
  assert.deepEqual(
    series.since(0).map(({ unixMs }) => unixMs),
    [115_000, 120_000],
  )
  assert.equal(series.since(115_000).length, 1)
})

test('rates are of the time that has passed, whatever the clock on the wall does meanwhile', () => {
  let unixMs = 10_000_000
  let now = 0
  const memory = () => ({ processBytes: 5, machineFreeBytes: 7 })
  const series = createMetricsSeries({ unixNow: () => unixMs, now: () => now, memory })
  const metrics = series.watch(plain)
  for (const jumpMs of [-7_200_000, 86_400_000]) {
    unixMs += jumpMs
    now += 5000
    metrics.requestStarted('chat')
    metrics.requestFinished({ ...finished, promptTokens: 50, completionTokens: 0 })
    series.sample()
  }
  assert.deepEqual(
    series.since(0).map(({ promptTokensPerSecond }) => promptTokensPerSecond),
    [10, 10],
  )
})
