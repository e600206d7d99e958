import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createExplainer,
  EXPLAINER_DEFAULTS,
  type ExplainerInit,
  type StoryListener,
} from '../../../../src/federation/explain/create-explainer.ts'
import { logStories } from '../../../../src/federation/explain/log-line.ts'
import { TRUSTED } from '../../../../src/federation/health/node-health.ts'
import type { Candidate } from '../../../../src/federation/policies/choose.ts'
import type { RoutedRequest } from '../../../../src/federation/routed-request.ts'
import { type RoutingEvents, toAll } from '../../../../src/federation/routing-events.ts'

const STARTED = 1_700_000_000_000

function candidate(name: string, traits: Partial<Candidate> = {}): Candidate {
  return {
    peerId: `id-${name}`,
    name,
    local: false,
    slots: 2,
    busy: 0,
    loaded: true,
    roundTripMs: 1.234,
    standing: TRUSTED,
    ...traits,
  } as Candidate
}

function request(id: string, traits: Partial<RoutedRequest> = {}): RoutedRequest {
  return {
    id,
    stamp: id,
    method: 'POST',
    target: '/v1/chat/completions?key=secret-in-query',
    headers: { authorization: 'Bearer secret-key' },
    body: Buffer.from('secret-body'),
    model: 'tiny',
    capability: 'chat',
    caller: '192.0.2.7',
    ...traits,
  }
}

function start(init: Partial<ExplainerInit> = {}, listeners: readonly StoryListener[] = []) {
  const clock = { ms: 0 }
  const explainer = createExplainer(
    { self: { peerId: 'id-self', name: 'self' }, now: () => clock.ms, unixNow: () => STARTED + clock.ms, listeners },
    { ...EXPLAINER_DEFAULTS, ...init },
  )
  const events: RoutingEvents = toAll([explainer.events])
  function considered(asked: RoutedRequest, ...names: readonly (string | Candidate)[]): void {
    const order = names.map((name, index) => ({
      candidate: typeof name === 'string' ? candidate(name) : name,
      score: 10 * (index + 1),
    }))
    events.considered(asked, { policy: 'weighted', order })
  }
  const tried = (name: string, outcome: 'answered' | 'broken', ms: number) =>
    ({ peerId: `id-${name}`, name, outcome, ms }) as const
  return { explainer, events, clock, considered, tried }
}

const finished = { peerId: 'id-b', name: 'b', outcome: 'answered', status: 200, firstBytesMs: 40 } as const

describe('the story of a request', () => {
  it('tells the candidates, a failed try, a hedge, a seam and the figures', () => {
    const { explainer, events, clock, considered, tried } = start()
    const asked = request('r', { owner: 'feed0123feed0123' })
    clock.ms = 100
    considered(asked, candidate('a', { busy: 1, standing: { ejected: false, share: 0.5 } }), 'b', 'c')
    clock.ms = 120
    events.tried(asked, tried('a', 'broken', 20))
    considered(asked, 'b', 'c')
    clock.ms = 150
    considered(asked, 'c')
    events.hedged(asked, { peerId: 'id-c', name: 'c', afterMs: 30 })
    clock.ms = 170
    const answered = tried('c', 'answered', 20)
    events.tried(asked, answered)
    events.routed(asked, { to: 'remote', attempts: [tried('a', 'broken', 20), answered], ms: 70 })
    assert.equal(explainer.find('r')?.state, 'answering')
    clock.ms = 900
    events.seam(asked, {
      from: { peerId: 'id-c', name: 'c' },
      to: { peerId: 'id-b', name: 'b' },
      ...{ cause: 'stalled', tokens: 12, sentBytes: 345, pauseMs: 300 },
    })
    events.finished(asked, { ...finished, ms: 1200, tokens: 21, generationMs: 2000 })
    const found = explainer.find('r')
    assert.ok(found !== undefined)
    const { decisions, timeline, ...summary } = found
    assert.deepEqual(summary, {
      id: 'r',
      startedUnixMs: STARTED + 100,
      state: 'ended',
      method: 'POST',
      path: '/v1/chat/completions',
      capability: 'chat',
      model: 'tiny',
      caller: 'feed0123feed0123',
      policy: 'weighted',
      to: 'remote',
      node: { peerId: 'id-b', name: 'b' },
      outcome: 'answered',
      status: 200,
      tries: 2,
      hedges: 1,
      seams: 1,
      queuedMs: 0,
      firstBytesMs: 70,
      totalMs: 1200,
      tokens: 21,
      tokensPerSecond: 10,
    })
    assert.deepEqual(
      decisions.map(({ atMs, candidates }) => [atMs, candidates.map(({ name, score }) => [name, score])]),
      [
        [
          0,
          [
            ['a', 10],
            ['b', 20],
            ['c', 30],
          ],
        ],
        [
          20,
          [
            ['b', 10],
            ['c', 20],
          ],
        ],
        [50, [['c', 10]]],
      ],
    )
    assert.deepEqual(decisions[0]?.candidates[0], {
      ...{ peerId: 'id-a', name: 'a', local: false, busy: 1, slots: 2, loaded: true },
      ...{ roundTripMs: 1.2, ejected: false, share: 0.5, score: 10 },
    })
    assert.deepEqual(
      timeline.map((step) => [step.atMs, step.type]),
      [
        [0, 'try'],
        [50, 'hedge'],
        [50, 'try'],
        [500, 'seam'],
      ],
    )
  })

  it('keeps nothing that is secret: no query, no header, no body, no address', () => {
    const { explainer, events, considered } = start()
    const asked = request('r')
    considered(asked, 'a')
    events.routed(asked, { to: 'nobody', attempts: [], ms: 3, code: 'federation.unavailable' })
    assert.doesNotMatch(JSON.stringify([explainer.find('r'), explainer.list({ limit: 9 })]), /secret|192\.0\.2\.7/)
  })

  it('takes looks from the queue for one decision, and counts the wait', () => {
    const { explainer, events, clock, considered } = start()
    const asked = request('r')
    for (const ms of [10, 200, 1500]) {
      clock.ms = ms
      considered(asked, candidate('a', { busy: 4 }), candidate('b', { busy: 4 }))
    }
    clock.ms = 1510
    considered(asked, candidate('b', { busy: 3 }), candidate('a', { busy: 4 }))
    events.routed(asked, { to: 'remote', attempts: [], ms: 1600 })
    const found = explainer.find('r')
    assert.equal(found?.queuedMs, 1500)
    assert.deepEqual(
      found?.decisions.map(({ looks, waitedMs, candidates }) => [looks, waitedMs, candidates.map(({ name }) => name)]),
      [[4, 1500, ['b', 'a']]],
    )
  })

  it('says how long somebody waited who was then refused', () => {
    const { explainer, events, clock, considered } = start()
    const asked = request('r')
    considered(asked, 'a')
    clock.ms = 5000
    events.routed(asked, { to: 'nobody', attempts: [], ms: 5000, code: 'federation.overloaded' })
    const found = explainer.find('r')
    assert.deepEqual([found?.queuedMs, found?.outcome, found?.code], [5000, 'unrouted', 'federation.overloaded'])
  })

  it('ends, for one that is served here, when the client has it, with what the node tells of it', () => {
    const { explainer, events, clock, considered } = start()
    const asked = request('r')
    considered(asked, candidate('self', { local: true }))
    clock.ms = 2
    events.routed(asked, { to: 'local', attempts: [], ms: 2 })
    explainer.servedHere({ id: 'r', completionTokens: 11, firstTokenMs: 48, generationMs: 500 })
    clock.ms = 600
    explainer.closed('r', { status: 200, whole: true })
    explainer.closed('r', { status: 500, whole: false })
    const found = explainer.find('r')
    assert.deepEqual(
      [found?.node?.name, found?.outcome, found?.status, found?.firstBytesMs, found?.totalMs, found?.tokensPerSecond],
      ['self', 'answered', 200, 50, 600, 20],
    )
  })

  it('ends with its own connection, whatever else has the same id', () => {
    const { explainer, events } = start()
    for (const stamp of ['one', 'two']) {
      events.routed(request('same', { stamp, model: stamp }), { to: 'local', attempts: [], ms: 1 })
    }
    const states = () => explainer.list({ limit: 9 }).map(({ model, state }) => [model, state])
    explainer.closed('refused before it was routed', { status: 401, whole: true })
    explainer.closed('two', { status: 200, whole: true })
    assert.deepEqual(states(), [
      ['two', 'ended'],
      ['one', 'answering'],
    ])
    explainer.closed('one', { status: 200, whole: true })
    assert.deepEqual(states(), [
      ['two', 'ended'],
      ['one', 'ended'],
    ])
  })

  it('ends with its connection when it was routed twice', () => {
    const { explainer, events } = start()
    for (const home of ['gone', 'there']) {
      events.routed(request('r', { home }), { to: 'local', attempts: [], ms: 1 })
    }
    explainer.closed('r', { status: 200, whole: true })
    assert.deepEqual(
      explainer.list({ limit: 9 }).map(({ state }) => state),
      ['ended', 'ended'],
    )
  })

  it('calls an answer refused that says so, and cancelled what the client did not wait for', () => {
    const { explainer, events } = start()
    for (const [id, status, whole] of [
      ['refused', 404, true],
      ['gone', 200, false],
    ] as const) {
      const asked = request(id)
      events.routed(asked, { to: 'local', attempts: [], ms: 1 })
      explainer.closed(id, { status, whole })
    }
    assert.equal(explainer.find('refused')?.outcome, 'refused')
    assert.equal(explainer.find('gone')?.outcome, 'cancelled')
  })
})

describe('the last requests', () => {
  it('come newest first, and by model, node, outcome and time', () => {
    const { explainer, events, clock, tried } = start()
    const end = (id: string, model: string, nodes: readonly string[]): void => {
      const asked = request(id, { model })
      clock.ms += 1000
      const attempts = nodes.map((name, index) => tried(name, index === nodes.length - 1 ? 'answered' : 'broken', 1))
      for (const attempt of attempts) events.tried(asked, attempt)
      events.routed(asked, { to: 'remote', attempts, ms: 1 })
      const last = nodes.at(-1) ?? ''
      const outcome = id === 'three' ? 'lost' : 'answered'
      events.finished(asked, {
        ...finished,
        peerId: `id-${last}`,
        name: last,
        outcome,
        ms: 2,
        tokens: 0,
        generationMs: 0,
      })
    }
    end('one', 'tiny', ['a'])
    end('two', 'big', ['a', 'b'])
    end('three', 'tiny', ['c'])
    const ids = (filter: Partial<Parameters<typeof explainer.list>[0]>) =>
      explainer.list({ limit: 10, ...filter }).map(({ id }) => id)
    assert.deepEqual(ids({}), ['three', 'two', 'one'])
    assert.deepEqual(ids({ limit: 2 }), ['three', 'two'])
    assert.deepEqual(ids({ model: 'tiny' }), ['three', 'one'])
    assert.deepEqual(ids({ node: 'a' }), ['two', 'one'])
    assert.deepEqual(ids({ node: 'id-c' }), ['three'])
    assert.deepEqual(ids({ outcome: 'lost' }), ['three'])
    assert.deepEqual(ids({ sinceUnixMs: STARTED + 2000 }), ['three', 'two'])
  })

  it('are forgotten by number, and sooner when each of them is long', () => {
    const many = start({ maxRequests: 3 })
    for (const id of ['1', '2', '3', '4']) many.considered(request(id), 'a')
    assert.deepEqual(
      many.explainer.list({ limit: 9 }).map(({ id }) => id),
      ['4', '3', '2'],
    )
    assert.equal(many.explainer.find('1'), undefined)

    const heavy = start({ maxWeight: 40 })
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`)
    for (const id of ['1', '2', '3']) {
      const asked = request(id)
      heavy.considered(asked, ...names)
      heavy.events.routed(asked, { to: 'nobody', attempts: [], ms: 1, code: 'internal' })
    }
    assert.deepEqual(
      heavy.explainer.list({ limit: 9 }).map(({ id }) => id),
      ['3', '2'],
    )
    const [decision] = heavy.explainer.find('3')?.decisions ?? []
    assert.deepEqual([decision?.candidates.length, decision?.others], [16, 84])
  })

  it('are bounded in themselves, whatever happens to one', () => {
    const { explainer, events, considered, tried } = start()
    const asked = request('r', { model: 'x'.repeat(100_000), target: `/${'y'.repeat(100_000)}` })
    for (let index = 0; index < 200; index += 1) {
      considered(asked, `n${index}`)
      events.tried(asked, { ...tried('a', 'broken', 1), name: 'z'.repeat(10_000) })
    }
    assert.ok(JSON.stringify(explainer.find('r')).length < 20_000)
    assert.equal(explainer.find('r')?.tries, 200)
  })

  it('show the later of two with the same id', () => {
    const { explainer, considered } = start()
    considered(request('same', { model: 'first' }), 'a')
    considered(request('same', { model: 'second' }), 'a')
    assert.equal(explainer.find('same')?.model, 'second')
    assert.equal(explainer.list({ limit: 9 }).length, 2)
  })
})

describe('who listens', () => {
  it('hears of each request once when it has ended, until they leave', async () => {
    const { explainer, events } = start({ maxWatchers: 1 })
    const leaving = new AbortController()
    const heard = explainer.watch({ signal: leaving.signal })[Symbol.asyncIterator]()
    const first = heard.next()
    assert.throws(() => explainer.watch(), { code: 'node.overloaded' })
    const asked = request('r')
    events.routed(asked, { to: 'remote', attempts: [], ms: 1 })
    events.finished(asked, { ...finished, ms: 2, tokens: 0, generationMs: 0 })
    explainer.closed('r', { status: 200, whole: true })
    assert.equal((await first).value?.id, 'r')
    const second = heard.next()
    leaving.abort()
    assert.equal((await second).done, true)
    explainer.watch()
  })

  it('misses the oldest when they do not keep up', async () => {
    const { explainer, events } = start()
    const heard = explainer.watch()[Symbol.asyncIterator]()
    const first = heard.next()
    for (let index = 0; index < 300; index += 1) {
      events.routed(request(`r${index}`), { to: 'nobody', attempts: [], ms: 1, code: 'internal' })
    }
    assert.equal((await first).value?.id, 'r44')
    await heard.return?.()
  })
})

describe('the log', () => {
  it('has a line at the info level only for what is worth one', () => {
    const lines: unknown[] = []
    const log = {
      info: (facts: object) => lines.push(['info', facts]),
      debug: (facts: object) => lines.push(['debug', facts]),
      isLevelEnabled: (level: string) => level === 'info',
    }
    const { events, clock, considered, tried } = start({}, [logStories(log as never)])
    const plain = request('plain')
    considered(plain, 'b')
    events.routed(plain, { to: 'remote', attempts: [tried('b', 'answered', 1)], ms: 1 })
    events.finished(plain, { ...finished, ms: 2, tokens: 0, generationMs: 0 })
    assert.deepEqual(lines, [])

    const waited = request('waited')
    considered(waited, 'b')
    clock.ms = 1500
    considered(waited, 'b')
    events.routed(waited, { to: 'remote', attempts: [tried('b', 'answered', 1)], ms: 1501 })
    events.finished(waited, { ...finished, ms: 1600, tokens: 3, generationMs: 10 })

    const twice = request('twice')
    events.tried(twice, tried('a', 'broken', 1))
    events.tried(twice, tried('b', 'answered', 1))
    events.routed(twice, { to: 'remote', attempts: [tried('b', 'answered', 1)], ms: 5 })
    events.finished(twice, { ...finished, ms: 6, tokens: 0, generationMs: 0 })
    assert.deepEqual(
      lines.map((line) =>
        (line as [string, { id: string; asked?: unknown }]).map((part) =>
          typeof part === 'string' ? part : [part.id, part.asked],
        ),
      ),
      [
        ['info', ['waited', undefined]],
        ['info', ['twice', ['a: broken', 'b: answered']]],
      ],
    )
  })
})
