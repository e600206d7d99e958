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
  it('tell what waits for a free node as it was last seen, and what was refused', async () => {
    const { metrics } = create()
    assert.equal(await value(metrics, 'local_ai_routing_queue_length'), 0)
    for (const length of [3, 1]) metrics.queueSeen(length)
    assert.equal(await value(metrics, 'local_ai_routing_queue_length'), 1)
    for (const why of ['lag', 'lag', 'draining'] as const) metrics.requestRefused(why)
    assert.equal(await value(metrics, 'local_ai_requests_refused_total{why="lag"}'), 2)
    assert.equal(await value(metrics, 'local_ai_requests_refused_total{why="draining"}'), 1)
  })

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

  it('count what other nodes answered, and how often a second one was asked', async () => {
    const { metrics, lines } = create()
    const forwarded = {
      id: 'r',
      endpoint: 'chat',
      node: 'b',
      status: 200,
      outcome: 'answered',
      tries: 1,
      durationMs: 5,
    } as const
    metrics.requestForwarded(forwarded)
    metrics.requestForwarded({ ...forwarded, tries: 3 })
    metrics.requestForwarded({ ...forwarded, node: undefined, status: 503, outcome: 'unrouted', tries: 0 })
    assert.equal(await value(metrics, 'local_ai_forwarded_requests_total{node="b",outcome="answered"}'), 2)
    assert.equal(await value(metrics, 'local_ai_forwarded_requests_total{node="none",outcome="unrouted"}'), 1)
    assert.equal(await value(metrics, 'local_ai_forward_retries_total'), 2)
    assert.equal(lines.length, 3)
  })

  it('have a bounded number of names, however often members call themselves anew', async () => {
    const { metrics } = create()
    for (let number = 0; number < 2000; number += 1) {
      const node = `node-${number}`
      metrics.requestForwarded({
        id: 'r',
        endpoint: 'chat',
        node,
        status: 200,
        outcome: 'lost',
        tries: 1,
        durationMs: 5,
      })
    }
    const series = (await metrics.text()).match(/^local_ai_forwarded_requests_total\{/gm) ?? []
    assert.ok(series.length < 600, `${series.length}`)
    const other = await value(metrics, 'local_ai_forwarded_requests_total{node="other",outcome="lost"}')
    assert.equal(other + series.length - 1, 2000)
  })

  it('show the network as it was seen last', async () => {
    const { metrics } = create()
    metrics.networkSeen({ linked: 3, bytesSent: 10, bytesReceived: 20 })
    metrics.networkSeen({ linked: 2, bytesSent: 15, bytesReceived: 25 })
    assert.equal(await value(metrics, 'local_ai_network_peers'), 2)
    assert.equal(await value(metrics, 'local_ai_network_bytes_total{direction="sent"}'), 15)
    assert.equal(await value(metrics, 'local_ai_network_bytes_total{direction="received"}'), 25)
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
