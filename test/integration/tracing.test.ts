import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { AppError } from '../../src/base/errors.ts'
import { createRequestRouter, ROUTER_DEFAULTS } from '../../src/federation/create-router.ts'
import { traceRequests } from '../../src/federation/explain/trace-requests.ts'
import { createOtlpTracing, type OtlpTracingInit } from '../../src/telemetry/otlp-tracing.ts'
import { type CollectedSpan, startTraceCollector, type TraceCollector } from '../support/trace-collector.ts'
import { type PeerHarness, startApi, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'

const CHAT = '/v1/chat/completions'
const BODY = { model: 'tiny', messages: [{ role: 'user', content: 'a secret question' }] }
const MODEL = { name: 'tiny', loaded: true, capabilities: ['chat'] }
const CLIENT = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }

function makeTracing({ url }: TraceCollector, instance: string, more: Partial<OtlpTracingInit> = {}) {
  const service = { name: 'local-ai', version: 'v0', instance }
  const init = { url, service, sampler: 'parentbased_always_on', ratio: 1, delayMs: 60_000, ...more } as const
  return createOtlpTracing({ log: pino({ level: 'silent' }) }, init)
}

/** An entry with the real router, and members. All tell one collector. */
async function startTraced(members: Readonly<Record<string, PeerHarness>>, tracing: ReturnType<typeof makeTracing>) {
  const peers = Object.keys(members).map((name) => peerOf(name, { offer: { models: [MODEL] } }))
  const network = {
    peerId: 'id-entry',
    name: 'entry',
    peers: () => peers,
    onChange: () => () => {},
    async openSocket(peerId: string) {
      const member = members[peerId.slice('id-'.length)]
      assert.ok(member !== undefined)
      const [theirs, ours] = duplexPair()
      member.app.accept(theirs)
      return ours
    },
  }
  const { traceTry, events } = traceRequests(tracing)
  const router = createRequestRouter(
    {
      network,
      local: { serves: () => false, loaded: () => false, slots: 1 },
      policy: { name: 'as they come', order: (candidates) => candidates.map((candidate) => ({ candidate })) },
      now: () => performance.now(),
      random: () => 0,
      traceTry,
      events: [events],
    },
    { ...ROUTER_DEFAULTS, group: '' },
  )
  await router.start()
  const entry = await startEntry({ ...fakeNetwork().deps, router, tracing })
  return {
    entry,
    async [Symbol.asyncDispose]() {
      await entry.server.stop()
      await router.stop()
    },
  }
}

function only(spans: readonly CollectedSpan[], name: string, service: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name && span.service === service)
  assert.equal(
    found.length,
    1,
    `${name} of ${service} in ${spans.map((span) => `${span.service}/${span.name}`).join()}`,
  )
  const [span] = found
  assert.ok(span !== undefined)
  return span
}

describe('a trace', () => {
  it('goes from the client through the entry and every node that was asked to the work on the model', async () => {
    await using collector = await startTraceCollector()
    const tracings = ['entry', 'broken', 'sound'].map((name) => makeTracing(collector, name))
    const [ofEntry, ofBroken, ofSound] = tracings
    assert.ok(ofEntry !== undefined)
    {
      await using broken = await startPeerApp({ tracing: ofBroken })
      await using sound = await startPeerApp({ tracing: ofSound })
      broken.node.acquire = async () => {
        throw new AppError('backend.start-failed', 'no')
      }
      await using federation = await startTraced({ broken, sound }, ofEntry)
      const headers = {
        'content-type': 'application/json',
        traceparent: `00-${CLIENT.trace}-${CLIENT.span}-01`,
        tracestate: 'vendor=1',
        authorization: 'Bearer secret',
      }
      const response = await federation.entry.post(CHAT, BODY, { headers })
      assert.equal(response.status, 200)
      await response.text()
    }
    for (const tracing of tracings) await tracing.stop()
    const { spans } = collector
    assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [CLIENT.trace])
    const server = only(spans, 'chat tiny', 'entry')
    const [first, second] = ['broken', 'sound'].map((name) => only(spans, `try ${name}`, 'entry'))
    const refusing = only(spans, 'chat tiny', 'broken')
    const serving = only(spans, 'chat tiny', 'sound')
    const work = only(spans, 'inference tiny', 'sound')
    assert.deepEqual(
      [server, first, second, refusing, serving, work].map((span) => [span?.parentSpanId, span?.kind]),
      [
        [CLIENT.span, 2],
        [server.spanId, 3],
        [server.spanId, 3],
        [first?.spanId, 2],
        [second?.spanId, 2],
        [serving.spanId, 1],
      ],
    )
    assert.deepEqual(
      [server, first, second, refusing, serving].map((span) => span?.failed),
      [false, true, false, true, false],
    )
    assert.equal(first?.attributes['error.type'], 'not-started')
    assert.equal(second?.attributes['local_ai.node.name'], 'sound')
    assert.equal(work.attributes['gen_ai.operation.name'], 'chat')
    assert.equal(work.attributes['gen_ai.response.model'], 'tiny')
    assert.ok(Number(work.attributes['gen_ai.usage.output_tokens']) > 0)
    assert.doesNotMatch(JSON.stringify(spans), /secret/)
  })

  it('begins here when the client has none, and where nothing is sent to others as well', async () => {
    await using collector = await startTraceCollector()
    const tracing = makeTracing(collector, 'alone')
    {
      await using api = await startApi({}, { tracing })
      await (await api.post(CHAT, { ...BODY, stream: true })).text()
      await (await fetch(`${api.url}/v1/models`)).text()
    }
    await tracing.stop()
    const server = only(collector.spans, 'chat tiny', 'alone')
    assert.equal(server.parentSpanId, '')
    assert.equal(only(collector.spans, 'inference tiny', 'alone').parentSpanId, server.spanId)
    assert.equal(collector.spans.length, 2)
  })

  it('is not made when the client says so, or the sampler', async () => {
    await using collector = await startTraceCollector()
    const unwanted = makeTracing(collector, 'unwanted')
    const never = makeTracing(collector, 'never', { sampler: 'always_off' })
    const told = unwanted.begin('x', { traceparent: `00-${CLIENT.trace}-${CLIENT.span}-00` }, { kind: 'server' })
    // What follows is told as well.
    assert.match(told.headers['traceparent'] ?? '', new RegExp(`^00-${CLIENT.trace}-[0-9a-f]{16}-00$`))
    told.child('y', { kind: 'internal' }).end()
    told.end()
    never.begin('x', {}, { kind: 'server' }).end()
    await unwanted.stop()
    await never.stop()
    assert.deepEqual(collector.spans, [])
  })
})
