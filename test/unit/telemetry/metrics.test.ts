import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const finished = {
  id: 'r',
  endpoint: 'chat',
  model: 'm',
  status: 200,
  promptTokens: 7,
  completionTokens: 11,
  durationMs: 1500,
} as const

function create(processMetrics = false) {
  const lines: unknown[] = []
  const log = { info: (...line: unknown[]) => lines.push(line) }
  return { metrics: createMetrics({ log }, { processMetrics }), lines }
}

async function value(metrics: ReturnType<typeof createMetrics>, series: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${series} `))
  assert.ok(line !== undefined, `${series} in\n${await metrics.text()}`)
  return Number(line.slice(series.length + 1))
}

describe('metrics', () => {
  it('follow a request from waiting to answering to done, and log it once', async () => {
    const { metrics, lines } = create()
    metrics.requestStarted('chat')
    assert.equal(await value(metrics, 'local_ai_requests_waiting{endpoint="chat"}'), 1)
    metrics.requestAnswering('chat')
    assert.equal(await value(metrics, 'local_ai_requests_waiting{endpoint="chat"}'), 0)
    assert.equal(await value(metrics, 'local_ai_requests_in_flight{endpoint="chat"}'), 1)
    metrics.requestFinished({ ...finished, firstTokenMs: 500, generationMs: 1000 })
    assert.equal(await value(metrics, 'local_ai_requests_in_flight{endpoint="chat"}'), 0)
    assert.equal(await value(metrics, 'local_ai_time_to_first_token_seconds_sum{model="m"}'), 0.5)
    assert.equal(await value(metrics, 'local_ai_tokens_per_second_sum{model="m"}'), 10)
    assert.equal(await value(metrics, 'local_ai_prompt_tokens_total{model="m"}'), 7)
    assert.equal(await value(metrics, 'local_ai_completion_tokens_total{model="m"}'), 11)
    assert.equal(lines.length, 1)
  })

  it('stop waiting for a request that ended without a token', async () => {
    const { metrics } = create()
    metrics.requestStarted('chat')
    metrics.requestFinished({ ...finished, model: undefined, status: 400, completionTokens: 0 })
    assert.equal(await value(metrics, 'local_ai_requests_waiting{endpoint="chat"}'), 0)
    assert.equal(await value(metrics, 'local_ai_requests_total{model="unknown",endpoint="chat",status="400"}'), 1)
    assert.doesNotMatch(await metrics.text(), /local_ai_tokens_per_second_count\{/)
  })

  it('measure loads and count restarts', async () => {
    const { metrics, lines } = create()
    metrics.modelLoaded({ model: 'm', backend: 'b', seconds: 2 })
    metrics.backendRestarted({ model: 'm', backend: 'b' })
    assert.equal(await value(metrics, 'local_ai_model_load_seconds_sum{model="m",backend="b"}'), 2)
    assert.equal(await value(metrics, 'local_ai_backend_restarts_total{model="m",backend="b"}'), 1)
    assert.equal(lines.length, 2)
  })

  it('of two nodes in one process are their own, and the process shows when asked', async () => {
    const [one, two] = [create(), create(true)]
    one.metrics.httpAnswered({ method: 'GET', path: '/version', seconds: 0.1 })
    assert.match(await one.metrics.text(), /path="\/version"/)
    assert.doesNotMatch(await two.metrics.text(), /path="\/version"/)
    assert.doesNotMatch(await one.metrics.text(), /process_cpu/)
    assert.match(await two.metrics.text(), /process_cpu/)
  })
})
