import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createForesight, FORESIGHT_DEFAULTS } from '../../../../src/federation/observed/create-foresight.ts'
import type { RoutedRequest } from '../../../../src/federation/routed-request.ts'
import type { RequestFinished } from '../../../../src/federation/routing-events.ts'
import type { PeerView } from '../../../../src/p2p/network.ts'
import { makeCandidate } from '../make-candidate.ts'
import { makePeer } from '../make-peer.ts'

const TEXT = 'One must imagine Sisyphus happy. '.repeat(60)
let count = 0

function makeRequest(
  traits: Partial<RoutedRequest> = {},
  body: object = { prompt: TEXT, stream: true },
): RoutedRequest {
  count += 1
  return {
    ...{
      id: `r${count}`,
      method: 'POST',
      target: '/v1/completions',
      headers: {},
      model: 'm',
      capability: 'completion',
    },
    body: Buffer.from(JSON.stringify(body)),
    ...traits,
  }
}

function createStage() {
  const clock = { at: 0 }
  const network: { peers: readonly PeerView[] } = { peers: [] }
  const foresight = createForesight(
    { now: () => clock.at, peers: () => network.peers, self: 'self' },
    FORESIGHT_DEFAULTS,
  )
  const a = makeCandidate('a', { slots: 4, roundTripMs: 10 })
  /** A request that begins when `others` run and ends after these times. */
  function serve(
    firstBytesMs: number,
    generationMs: number,
    traits: Partial<RequestFinished> & { busy?: number } = {},
  ) {
    const request = makeRequest()
    const { busy = 0, ...event } = traits
    foresight.placed(request, { ...a, busy })
    clock.at += firstBytesMs
    foresight.tried?.(request, { peerId: a.peerId, name: 'a', outcome: 'answered', ms: firstBytesMs })
    foresight.routed?.(request, { to: 'remote', attempts: [], ms: firstBytesMs })
    clock.at += generationMs
    const ms = firstBytesMs + generationMs
    const finished = { peerId: a.peerId, name: 'a', outcome: 'answered', status: 200, ms, firstBytesMs } as const
    const pace = { tokens: event.tokens ?? 101, ms: generationMs }
    foresight.finished?.(request, { ...finished, tokens: 101, generationMs, pace, ...event })
  }
  const seen = () => foresight.factsFor(makeRequest())(a.peerId).seen
  const shareOf = (peerId: string, body?: object) => foresight.factsFor(makeRequest({}, body))(peerId).prefixShare
  return { clock, network, foresight, a, serve, seen, shareOf }
}

describe('what an entry learns from its requests', () => {
  test('speeds, without the round trip, and how long answers are', () => {
    const { foresight, serve, seen } = createStage()
    const before = foresight.questionOf(makeRequest())
    assert.equal(before.answerTokens, 256)
    for (let at = 0; at < 30; at += 1) serve(510, 2000)
    const { promptTokenMs, tokenMs, requestMs, weight, overdueMs } = seen() ?? {}
    assert.ok(Math.abs((promptTokenMs ?? 0) - 500 / before.promptTokens) < 0.001)
    assert.equal(tokenMs, 20)
    assert.equal(requestMs, 2510)
    assert.equal(overdueMs, 0)
    assert.ok((weight ?? 0) > 10)
    assert.ok(Math.abs(foresight.questionOf(makeRequest()).answerTokens - 101) < 1e-9)
    assert.equal(foresight.questionOf(makeRequest({}, { max_tokens: 5 })).answerTokens, 5)
  })

  test('what each request beside costs', () => {
    const { serve, seen } = createStage()
    for (let at = 0; at < 400; at += 1) serve(100, 2000 * (1 + 0.5 * (at % 4)), { busy: at % 4 })
    const { tokenMs = 0, crowding = 0 } = seen() ?? {}
    assert.ok(tokenMs > 17 && tokenMs < 25, String(tokenMs))
    assert.ok(crowding > 0.3 && crowding < 0.6, String(crowding))
    for (let at = 0; at < 400; at += 1) serve(100, 2000, { busy: at % 4 })
    assert.ok((seen()?.crowding ?? 1) < 0.1)
  })

  test('nothing from answers that were refused or broken off', () => {
    const { foresight, serve, seen } = createStage()
    serve(10, 100, { status: 404 })
    serve(10, 100, { outcome: 'cancelled' })
    assert.equal(seen()?.tokenMs, undefined)
    assert.equal(seen()?.requestMs, undefined)
    assert.equal(foresight.questionOf(makeRequest()).answerTokens, 256)
  })

  test('how long a model takes to load, beside what its answers take', () => {
    const { clock, foresight, a, serve, seen } = createStage()
    serve(500, 1000)
    const request = makeRequest()
    foresight.placed(request, { ...a, loaded: false })
    clock.at += 8500
    foresight.tried?.(request, { peerId: a.peerId, name: 'a', outcome: 'answered', ms: 8500 })
    assert.equal(seen()?.loadMs, 8000)
  })

  test('who has been silent for longer than it ever was, and that it has spoken again', () => {
    const { clock, foresight, a, serve, seen } = createStage()
    for (let at = 0; at < 20; at += 1) serve(100, 100)
    const request = makeRequest()
    foresight.placed(request, a)
    clock.at += 1000
    const late = seen()?.overdueMs ?? 0
    assert.ok(late > 500 && late < 1000)
    clock.at += 1000
    assert.ok(Math.abs((seen()?.overdueMs ?? 0) - late - 1000) < 0.001)
    foresight.tried?.(request, { peerId: a.peerId, name: 'a', outcome: 'broken', ms: 2000 })
    assert.equal(seen()?.overdueMs, 0)
  })

  test('a request that ends without a try holds nothing', () => {
    const { clock, foresight, a, serve, seen } = createStage()
    serve(100, 100)
    const request = makeRequest()
    foresight.placed(request, a)
    foresight.routed?.(request, { to: 'nobody', attempts: [], ms: 0, code: 'request.cancelled' })
    clock.at += 60_000
    assert.equal(seen()?.overdueMs, 0)
  })

  test('what was seen long ago is worth little', () => {
    const { clock, serve, seen } = createStage()
    for (let at = 0; at < 20; at += 1) serve(1, 1)
    const { weight = 0 } = seen() ?? {}
    clock.at += 60_000
    assert.ok(Math.abs((seen()?.weight ?? 0) - weight / 2) < 0.01)
  })

  test('of no more nodes and models than there is room for', () => {
    const init = { ...FORESIGHT_DEFAULTS, observations: { ...FORESIGHT_DEFAULTS.observations, maxPairs: 10 } }
    const foresight = createForesight({ now: () => 0, peers: () => [], self: 'self' }, init)
    for (let at = 0; at < 100; at += 1) foresight.placed(makeRequest(), makeCandidate(`n${at}`))
    const known = Array.from({ length: 100 }, (_, at) => foresight.factsFor(makeRequest())(`id-n${at}`).seen)
    assert.equal(known.filter((seen) => seen !== undefined).length, 10)
  })

  test('of no more models of one node either, whatever a client calls them, and of the others as before', () => {
    const init = { ...FORESIGHT_DEFAULTS, observations: { ...FORESIGHT_DEFAULTS.observations, maxPairs: 10 } }
    const foresight = createForesight({ now: () => 0, peers: () => [], self: 'self' }, init)
    const isKnown = (peerId: string, model: string): boolean =>
      foresight.factsFor(makeRequest({ model }))(peerId).seen !== undefined
    foresight.placed(makeRequest(), makeCandidate('b'))
    const names = Array.from({ length: 100 }, (_, at) => `m${at}`)
    // What belongs to a response goes to its node, whatever model it names.
    for (const model of names) foresight.placed(makeRequest({ model, home: '0123456789' }), makeCandidate('a'))
    assert.deepEqual(
      names.filter((model) => isKnown('id-a', model)),
      names.slice(-9),
    )
    assert.ok(isKnown('id-b', 'm'))
  })
})

describe('what an entry knows of prompts', () => {
  test('a node that has answered keeps the prompt, and so does this one', () => {
    const { foresight, serve, a, shareOf } = createStage()
    assert.equal(shareOf(a.peerId), 0)
    serve(1, 1)
    const share = shareOf(a.peerId) ?? 0
    assert.ok(share > 0.85 && share <= 1, String(share))
    assert.equal(shareOf('self'), 0)
    foresight.routed?.(makeRequest(), { to: 'local', attempts: [], ms: 0 })
    assert.equal(shareOf('self'), share)
    assert.equal(shareOf(a.peerId, { prompt: `x${TEXT}` }), 0)
    const longer = shareOf(a.peerId, { prompt: TEXT + 'x'.repeat(TEXT.length) }) ?? 0
    assert.ok(longer > 0.4 && longer < 0.5, String(longer))
  })

  test('another entry hears of it from the node itself', () => {
    const { network, shareOf } = createStage()
    const told: number[] = []
    const served = { served: (chain: readonly number[]) => void told.push(...chain) }
    const other = createForesight({ now: () => 0, peers: () => [], self: 'id-b', served }, FORESIGHT_DEFAULTS)
    other.routed?.(makeRequest(), { to: 'local', attempts: [], ms: 0 })
    assert.equal(shareOf('id-b'), 0)
    network.peers = [makePeer('b', { load: { prefixes: told } })]
    assert.ok((shareOf('id-b') ?? 0) > 0.85)
  })
})

describe('what a request belongs to', () => {
  const sessionOf = (traits: Partial<RoutedRequest>, body?: object) =>
    createStage().foresight.questionOf(makeRequest(traits, body)).session

  test('a header says it, else the body; what others call the same is something else', () => {
    assert.equal(sessionOf({ headers: { 'x-session-id': 's1' } }, { prompt: '', user: 'ann' }), ' s1')
    assert.equal(sessionOf({}, { prompt: '', user: 'ann' }), ' ann')
    assert.equal(sessionOf({}), undefined)
    assert.notEqual(sessionOf({ caller: 'k1' }, { user: 'ann' }), sessionOf({ caller: 'k2' }, { user: 'ann' }))
    assert.equal(sessionOf({ headers: { 'x-session-id': 's'.repeat(257) } }), undefined)
  })

  test('the requests of a model are counted, each once', () => {
    const { foresight } = createStage()
    const request = makeRequest()
    const turns = [request, request, makeRequest(), makeRequest({ model: 'n' })].map(
      (one) => foresight.questionOf(one).turn,
    )
    assert.deepEqual(turns, [0, 0, 1, 0])
  })
})
