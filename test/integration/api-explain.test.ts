import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExplainer, EXPLAINER_DEFAULTS } from '../../src/federation/explain/create-explainer.ts'
import { TRUSTED } from '../../src/federation/health/node-health.ts'
import type { RoutedRequest } from '../../src/federation/routed-request.ts'
import { poll } from '../support/poll.ts'
import { startApi, startEntry } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { scriptedRouter, startOtherNode } from './scripted-router.ts'

const CHAT = '/v1/chat/completions'
const BODY = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
const WAIT_MS = 5000
const B = { peerId: 'id-b', name: 'b' } as const

function makeExplainer() {
  return createExplainer(
    { self: { peerId: 'id-a', name: 'a' }, now: () => performance.now(), unixNow: Date.now, listeners: [] },
    EXPLAINER_DEFAULTS,
  )
}

/** What the real router tells of a request that the node `b` answers. */
function tellOf(explainer: ReturnType<typeof makeExplainer>, request: RoutedRequest): void {
  const { events } = explainer
  const candidate = { ...B, local: false, slots: 2, busy: 1, loaded: true, roundTripMs: 1, standing: TRUSTED }
  events.considered?.(request, { policy: 'weighted', order: [{ candidate: candidate as never, score: 12.5 }] })
  const attempt = { ...B, outcome: 'answered', ms: 3 } as const
  events.tried?.(request, attempt)
  events.routed?.(request, { to: 'remote', attempts: [attempt], ms: 4 })
  const times = { ms: 20, firstBytesMs: 3, tokens: 11, generationMs: 10 }
  events.finished?.(request, { ...B, outcome: 'answered', status: 200, ...times })
}

async function startExplainedEntry(init: Parameters<typeof startEntry>[1] = {}) {
  const explainer = makeExplainer()
  const scripted = scriptedRouter()
  const other = await startOtherNode((_request, response) => {
    // A member may not say such things.
    response.setHeader('x-localai-explain', 'a lie')
    response.end('{}')
  })
  scripted.script = async (request, signal) => {
    const routed = await other.route(request, signal)
    tellOf(explainer, request)
    return routed
  }
  const entry = await startEntry({ ...fakeNetwork().deps, router: scripted.router, explainer }, init)
  return {
    ...{ entry, explainer },
    async [Symbol.asyncDispose]() {
      await entry.server.stop()
      await other[Symbol.asyncDispose]()
    },
  }
}

type Json = Record<string, unknown>

async function get(url: string): Promise<Json> {
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  return (await response.json()) as Json
}

describe('the explanation of a request', () => {
  it('is found under the id that the answer names, where the client asks for one', async () => {
    await using federation = await startExplainedEntry()
    const { entry } = federation
    const plain = await entry.post(CHAT, BODY)
    assert.equal(plain.headers.get('x-localai-explain'), null)
    const json = { 'content-type': 'application/json' }
    const headers = { ...json, 'x-localai-explain': '1', 'x-correlation-id': 'mine/1' }
    const response = await entry.post(CHAT, BODY, { headers })
    const id = response.headers.get('x-localai-explain')
    assert.equal(id, 'mine/1')
    const explained = await get(`${entry.url}/api/federation/requests/${encodeURIComponent('mine/1')}`)
    const { startedAt, totalMs, firstBytesMs, tokensPerSecond, ...rest } = explained
    assert.match(String(startedAt), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.deepEqual([totalMs, firstBytesMs, tokensPerSecond], [20, 4, 1000])
    const { timeline, decisions, ...facts } = rest
    // How long a look takes is the machine's business.
    const looks = (decisions as Json[]).map((decision) => ({ ...decision, atMs: 0 }))
    assert.deepEqual(
      { ...facts, decisions: looks },
      {
        ...{ id, state: 'ended', method: 'POST', path: CHAT, capability: 'chat', model: 'tiny', policy: 'weighted' },
        ...{ to: 'remote', node: B, outcome: 'answered', status: 200, tries: 1, hedges: 0, seams: 0 },
        ...{ queuedMs: 0, tokens: 11 },
        decisions: [
          {
            ...{ atMs: 0, policy: 'weighted', looks: 1, waitedMs: 0, others: 0 },
            candidates: [
              {
                ...{ ...B, local: false, slots: 2, busy: 1, loaded: true, roundTripMs: 1 },
                ...{ ejected: false, share: 1, score: 12.5 },
              },
            ],
          },
        ],
      },
    )
    assert.deepEqual(
      (timeline as Json[]).map(({ type, outcome, ms }) => [type, outcome, ms]),
      [['try', 'answered', 3]],
    )
  })

  it('is not for everybody, nor for what nobody remembers', async () => {
    await using federation = await startExplainedEntry({ apiKeys: ['k'] })
    const { url } = federation.entry
    for (const path of ['requests', 'requests/x', 'requests/events']) {
      assert.equal((await fetch(`${url}/api/federation/${path}`)).status, 401, path)
    }
    const headers = { authorization: 'Bearer k' }
    assert.equal((await fetch(`${url}/api/federation/requests/x`, { headers })).status, 404)
    assert.equal((await fetch(`${url}/api/federation/requests?since=never`, { headers })).status, 400)
    assert.equal((await fetch(`${url}/api/federation/requests?limit=0`, { headers })).status, 400)
  })

  it('comes in lists, with what was asked for in them', async () => {
    await using federation = await startExplainedEntry()
    const { entry } = federation
    for (const model of ['tiny', 'big']) await (await entry.post(CHAT, { ...BODY, model })).text()
    const models = async (query: string) =>
      ((await get(`${entry.url}/api/federation/requests${query}`))['requests'] as Json[]).map(({ model }) => model)
    assert.deepEqual(await models(''), ['big', 'tiny'])
    assert.deepEqual(await models('?limit=1'), ['big'])
    assert.deepEqual(await models('?model=tiny&node=b&outcome=answered&since=2020-01-01T00:00:00Z'), ['tiny'])
    assert.deepEqual(await models('?node=c'), [])
    assert.deepEqual(await models(`?since=${Date.now() + 60_000}`), [])
  })

  it('comes as it happens to those who listen, who are told at once that they do', async () => {
    await using federation = await startExplainedEntry()
    const { entry } = federation
    const leaving = new AbortController()
    const response = await fetch(`${entry.url}/api/federation/requests/events`, { signal: leaving.signal })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    assert.equal((await reader?.read())?.value, ': listening\n\n')
    await (await entry.post(CHAT, BODY)).text()
    const event = (await reader?.read())?.value ?? ''
    assert.match(event, /^data: \{"id".*"outcome":"answered".*\}\n\n$/)
    leaving.abort()
  })
})

describe('a request that is served here', () => {
  it('is explained with the figures of its generation', async () => {
    const explainer = makeExplainer()
    const scripted = scriptedRouter()
    scripted.script = async (request, signal) => {
      const routed = await scripted.here(request, signal)
      explainer.events.routed?.(request, { to: 'local', attempts: [], ms: 1 })
      return routed
    }
    await using api = await startApi({}, { ...fakeNetwork().deps, router: scripted.router, explainer })
    const response = await api.post(CHAT, BODY)
    await response.text()
    const id = response.headers.get('x-correlation-id') ?? ''
    await poll('it has ended', WAIT_MS, () => explainer.find(id)?.state === 'ended')
    const found = explainer.find(id)
    assert.deepEqual([found?.outcome, found?.status, found?.node?.name, found?.to], ['answered', 200, 'a', 'local'])
    assert.ok((found?.tokens ?? 0) > 0 && (found?.firstBytesMs ?? 0) >= 1)
  })

  it('is told to nobody where nothing is sent to others', async () => {
    await using api = await startApi()
    assert.deepEqual(await get(`${api.url}/api/federation/requests`), { requests: [] })
    assert.equal((await fetch(`${api.url}/api/federation/requests/events`)).status, 404)
  })
})
