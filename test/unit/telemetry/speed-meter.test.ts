import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics, type RequestFinished } from '../../../src/telemetry/metrics.ts'
import { createSpeedMeter } from '../../../src/telemetry/speed-meter.ts'

const finished = (event: Partial<RequestFinished>): RequestFinished => ({
  id: '1',
  endpoint: 'chat',
  model: 'm',
  status: 200,
  promptTokens: 100,
  completionTokens: 101,
  durationMs: 3000,
  firstTokenMs: 1000,
  generationMs: 2000,
  ...event,
})

test('speeds are averages of what was served, per model', () => {
  const seen: RequestFinished[] = []
  const meter = createSpeedMeter()
  const metrics = meter.watch({
    ...createMetrics({ log: { info: () => {} } }, { processMetrics: false }),
    requestFinished: (event) => seen.push(event),
  })
  metrics.requestFinished(finished({}))
  assert.deepEqual(meter.of('m'), { promptTokensPerSecond: 100, generationTokensPerSecond: 50 })
  metrics.requestFinished(finished({ generationMs: 1000 }))
  assert.deepEqual(meter.of('m'), { promptTokensPerSecond: 100, generationTokensPerSecond: 62.5 })
  assert.deepEqual(meter.of('other'), {})
  assert.equal(seen.length, 2, 'the metrics behind it see every request')
})

test('failures, short answers and unknown models say nothing', () => {
  const meter = createSpeedMeter()
  const metrics = meter.watch(createMetrics({ log: { info: () => {} } }, { processMetrics: false }))
  metrics.requestStarted('chat')
  metrics.requestFinished(finished({ status: 500 }))
  metrics.requestStarted('chat')
  metrics.requestFinished(finished({ model: undefined }))
  metrics.requestStarted('chat')
  metrics.requestFinished(finished({ promptTokens: 3, completionTokens: 4 }))
  assert.deepEqual(meter.of('m'), {})
})
