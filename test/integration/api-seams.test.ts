import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { type PeerHarness, startPeerApp } from './api-harness.ts'
import { KINDS, replaying } from './replaying-backend.ts'
import type { Script } from './scripted-backend.ts'
import { byChoice, losing, type Members, SEED, settle, silentAfter, sound, startStage } from './seam-stage.ts'

const SAID = [{ role: 'user', content: 'hi' }]
const TOOLS = [{ type: 'function', function: { name: 'get', parameters: { type: 'object' } } }]

/** The dialects: where to ask, and how. */
const DIALECTS = {
  'chat completions': [
    '/v1/chat/completions',
    { messages: SAID, tools: TOOLS, stream_options: { include_usage: true } },
  ],
  completions: ['/v1/completions', { prompt: 'hi' }],
  messages: ['/v1/messages', { messages: SAID, max_tokens: 99, thinking: { type: 'enabled', budget_tokens: 1024 } }],
  responses: ['/v1/responses', { input: 'hi', store: false }],
} as const

async function* refusing(): ReturnType<Script> {
  yield* []
  throw new AppError('node.overloaded', 'full')
}

async function leave({ app }: PeerHarness): Promise<void> {
  await settle()
  void app.stop()
}

describe('an answer whose node is lost', () => {
  for (const [dialect, [url, fields]] of Object.entries(DIALECTS)) {
    for (const stream of [true, false]) {
      it(`goes on as if nothing had happened: ${dialect}, ${stream ? 'streamed' : 'whole'}`, async () => {
        await using a = await startPeerApp()
        await using b = await startPeerApp()
        await using c = await startPeerApp()
        await using stage = await startStage({ a, b, c })
        const body = { ...fields, stream }
        for (const [name, kind] of Object.entries(KINDS).filter(([, { logprobs }]) => logprobs !== true)) {
          for (const node of [a, b, c]) node.node.script = sound(kind)
          const undisturbed = await stage.ask(url, body)
          for (let after = 1; after <= kind.tokens; after += 1) {
            // The second node is lost as well, one token later.
            a.node.script = losing(kind, { after, lose: () => stage.cut('a') })
            b.node.script = losing(kind, { after: Math.min(after + 1, kind.tokens), lose: () => stage.cut('b') })
            stage.seams.length = 0
            assert.equal(await stage.ask(url, body), undisturbed, `${name}, lost after ${after}`)
            assert.deepEqual([...new Set(stage.seams.map(({ cause }) => cause))], ['lost'])
          }
        }
      })
    }
  }

  it('ends with an error event where no other node answers like it', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b }, { likeness: { b: 'fedcba9876543210' }, carryOnWithinMs: 50 })
    const kind = KINDS['plain'] ?? assert.fail()
    a.node.script = losing(kind, { after: 2, lose: () => stage.cut('a') })
    b.node.script = () => assert.fail('asked')
    const [url, fields] = DIALECTS['chat completions']
    const answer = await stage.ask(url, { ...fields, stream: true })
    assert.match(answer, /data: \{"error":\{.*\n\ndata: \[DONE\]\n\n$/)
    assert.deepEqual(
      stage.seams.map(({ to, tokens }) => [to, tokens]),
      [[undefined, 2]],
    )
  })

  it('is an error, not another answer, when the next node begins otherwise', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b }, { carryOnWithinMs: 50 })
    const kind = KINDS['plain'] ?? assert.fail()
    a.node.script = losing(kind, { after: 3, lose: () => stage.cut('a') })
    // It does not take the tokens, and samples others.
    b.node.script = (request, options) => replaying(kind)({ ...request, Resume: [], Seed: 99 }, options)
    const [url, fields] = DIALECTS['chat completions']
    const answer = await stage.ask(url, { ...fields, stream: true })
    assert.match(answer, /data: \{"error":\{.*\n\ndata: \[DONE\]\n\n$/)
    assert.doesNotMatch(answer, /w99/)
  })

  for (const stream of [true, false]) {
    it(`goes on elsewhere when its node gives it back: ${stream ? 'streamed' : 'whole'}`, async () => {
      await using a = await startPeerApp({ shutdownTimeoutMs: 1 })
      await using b = await startPeerApp()
      await using stage = await startStage({ a, b })
      const kind = KINDS['plain'] ?? assert.fail()
      for (const node of [a, b]) node.node.script = sound(kind)
      const [url, fields] = DIALECTS.messages
      const undisturbed = await stage.ask(url, { ...fields, stream })
      a.node.script = losing(kind, { after: 3, lose: () => leave(a) })
      assert.equal(await stage.ask(url, { ...fields, stream }), undisturbed)
      assert.deepEqual(
        stage.seams.map(({ from, to, cause }) => [from.name, to?.name, cause]),
        [['a', 'b', 'leaving']],
      )
    })
  }

  it('is the refusal of its node when it gives the answer back and there is no other one', async () => {
    await using a = await startPeerApp({ shutdownTimeoutMs: 1 })
    await using stage = await startStage({ a })
    const kind = KINDS['plain'] ?? assert.fail()
    a.node.script = losing(kind, { after: 3, lose: () => leave(a) })
    const [url, fields] = DIALECTS.messages
    await assert.rejects(
      stage.ask(url, { ...fields, stream: false }),
      /"type":"overloaded_error"|shutting down|stopping/,
    )
  })

  it('goes on when one node after the other gives it back', async () => {
    await using a = await startPeerApp({ shutdownTimeoutMs: 1 })
    await using b = await startPeerApp({ shutdownTimeoutMs: 1 })
    await using c = await startPeerApp({ shutdownTimeoutMs: 1 })
    await using d = await startPeerApp()
    await using stage = await startStage({ a, b, c, d })
    const kind = KINDS['plain'] ?? assert.fail()
    for (const { node } of [a, b, c, d]) node.script = sound(kind)
    const [url, fields] = DIALECTS.messages
    const undisturbed = await stage.ask(url, { ...fields, stream: true })
    for (const [index, member] of [a, b, c].entries()) {
      member.node.script = losing(kind, { after: index + 1, lose: () => leave(member) })
    }
    assert.equal(await stage.ask(url, { ...fields, stream: true }), undisturbed)
    assert.deepEqual(
      stage.seams.map(({ from, to, cause }) => [from.name, to?.name, cause]),
      [
        ['a', 'b', 'leaving'],
        ['b', 'c', 'leaving'],
        ['c', 'd', 'leaving'],
      ],
    )
  })

  it('goes on at the first node that is not too busy for it', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using c = await startPeerApp()
    await using d = await startPeerApp()
    await using stage = await startStage({ a, b, c, d })
    const kind = KINDS['plain'] ?? assert.fail()
    for (const { node } of [a, b, c, d]) node.script = sound(kind)
    const [url, fields] = DIALECTS.messages
    const undisturbed = await stage.ask(url, { ...fields, stream: true })
    a.node.script = losing(kind, { after: 2, lose: () => stage.cut('a') })
    for (const { node } of [b, c]) node.script = refusing
    assert.equal(await stage.ask(url, { ...fields, stream: true }), undisturbed)
    assert.deepEqual(
      stage.seams.map(({ from, to, cause }) => [from.name, to?.name, cause]),
      [['a', 'd', 'lost']],
    )
  })

  it('is begun elsewhere while nothing of it was seen, whatever the other node is like', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b }, { likeness: { b: 'fedcba9876543210' } })
    const kind = KINDS['plain'] ?? assert.fail()
    a.node.script = losing(kind, { after: 5, lose: () => stage.cut('a') })
    b.node.script = sound(kind)
    const [url, fields] = DIALECTS.completions
    const whole = await stage.ask(url, { ...fields, stream: false })
    a.node.script = sound(kind)
    assert.equal(await stage.ask(url, { ...fields, stream: false }), whole)
  })

  it('is taken over from a node that says nothing any more, which is then told to stop', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b }, { leastStallMs: 300 })
    const kind = KINDS['plain'] ?? assert.fail()
    const stopped = Promise.withResolvers<void>()
    for (const node of [a, b]) node.node.script = sound(kind)
    const [url, fields] = DIALECTS.messages
    const undisturbed = await stage.ask(url, { ...fields, stream: true })
    a.node.script = silentAfter(kind, 3, stopped.resolve)
    assert.equal(await stage.ask(url, { ...fields, stream: true }), undisturbed)
    assert.deepEqual(
      stage.seams.map(({ from, to, cause }) => [from.name, to?.name, cause]),
      [['a', 'b', 'stalled']],
    )
    await stopped.promise
  })

  it('goes on when its node told only meanwhile what its model is like', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    const likeness: Record<string, string | undefined> = { a: undefined, b: 'fedcba9876543210' }
    await using stage = await startStage({ a, b }, { likeness })
    const kind = KINDS['plain'] ?? assert.fail()
    for (const node of [a, b]) node.node.script = sound(kind)
    const [url, fields] = DIALECTS['chat completions']
    const undisturbed = await stage.ask(url, { ...fields, stream: true })
    const whole = sound(kind)
    const cut = losing(kind, { after: 4, lose: () => stage.cut('a') })
    a.node.script = async function* script(request, options) {
      likeness['a'] = 'fedcba9876543210'
      return yield* cut(request, options)
    }
    b.node.script = whole
    assert.equal(await stage.ask(url, { ...fields, stream: true }), undisturbed)
  })

  for (const [url, fields] of [
    ['/v1/chat/completions', { messages: SAID, tools: TOOLS, n: 2, stream_options: { include_usage: true } }],
    ['/v1/completions', { prompt: ['a', 'b', 'c'] }],
  ] as const) {
    for (const stream of [true, false]) {
      it(`goes on with several choices: ${url}, ${stream ? 'streamed' : 'whole'}`, async () => {
        await using a = await startPeerApp()
        await using b = await startPeerApp()
        await using c = await startPeerApp()
        await using stage = await startStage({ a, b, c })
        const body = { ...fields, stream, seed: SEED }
        for (const name of ['plain', 'with calls', 'in JSON']) {
          const kind = KINDS[name] ?? assert.fail()
          for (const node of [a, b, c]) node.node.script = replaying(kind)
          const undisturbed = await stage.ask(url, body)
          for (let after = 1; after <= kind.tokens; after += 1) {
            a.node.script = losing(kind, { after, lose: () => stage.cut('a'), seeds: 'own' })
            const next = Math.min(after + 1, kind.tokens)
            b.node.script = losing(kind, { after: next, lose: () => stage.cut('b'), seeds: 'own' })
            stage.seams.length = 0
            const answer = await stage.ask(url, body)
            assert.deepEqual(byChoice(answer), byChoice(undisturbed), `${name}, lost after ${after}`)
            assert.deepEqual([...new Set(stage.seams.map(({ cause }) => cause))], ['lost'])
          }
        }
      })
    }
  }
})

/** Asks so often that the router knows how soon this model's first token comes, and what `ask` is answered then. */
async function learnPace(members: Members, stage: Awaited<ReturnType<typeof startStage>>, { stream = true } = {}) {
  const kind = KINDS['plain'] ?? assert.fail()
  const whole = sound(kind)
  for (const member of Object.values(members)) member.node.script = whole
  const [url, fields] = DIALECTS.completions
  const ask = () => stage.ask(url, { ...fields, stream })
  const usual = await ask()
  for (let request = 0; request < 20; request += 1) await ask()
  return { kind, whole, ask, usual }
}

describe('what an answer tells of its node', () => {
  const request = {
    ...{ id: 'r', method: 'POST', target: '/v1/completions', headers: { 'content-type': 'application/json' } },
    ...{ model: 'tiny', capability: 'completion', stamp: `${'0'.repeat(32)}.1`, carriesOn: true },
    body: Buffer.from(JSON.stringify({ model: 'tiny', prompt: 'hi', stream: true })),
  }
  const kind = KINDS['plain'] ?? assert.fail()

  async function read(
    { router }: Awaited<ReturnType<typeof startStage>>,
    { signal, each = () => {} }: { signal?: AbortSignal; each?: () => void } = {},
  ) {
    const routed = await router.route(request, signal === undefined ? {} : { signal })
    assert.equal(routed.kind, 'remote')
    for await (const _bytes of routed.answer.body) each()
  }

  it('is its pace, when nothing was in the way', async () => {
    await using a = await startPeerApp()
    await using stage = await startStage({ a })
    a.node.script = sound(kind)
    await read(stage)
    assert.equal(stage.finished[0]?.pace?.tokens, kind.tokens)
  })

  it('is nothing of its pace when the client kept it waiting', async () => {
    await using a = await startPeerApp()
    await using stage = await startStage({ a })
    a.node.script = sound(kind)
    await read(stage, { each: () => stage.pass(5000) })
    const [{ tokens, pace, outcome } = assert.fail()] = stage.finished
    assert.deepEqual([outcome, tokens, pace], ['answered', kind.tokens, undefined])
  })

  it('is its own part, without the pause, when it has gone on for another one', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b })
    a.node.script = losing(kind, {
      after: 2,
      async lose() {
        await settle()
        stage.pass(5000)
        await stage.cut('a')
      },
    })
    b.node.script = sound(kind)
    await read(stage)
    const [{ name, tokens, generationMs, pace } = assert.fail()] = stage.finished
    assert.deepEqual([name, tokens, pace?.tokens], ['b', kind.tokens, kind.tokens - 2])
    assert.ok(generationMs >= 5000 && (pace?.ms ?? 5000) < 5000)
  })

  it('is that it was lost, also to a client that does not wait for another one', async () => {
    await using a = await startPeerApp()
    await using stage = await startStage({ a })
    const gone = new AbortController()
    a.node.script = losing(kind, {
      after: 2,
      async lose() {
        await stage.cut('a')
        await settle()
        gone.abort(new AppError('request.cancelled', 'the client has gone'))
      },
    })
    await assert.rejects(read(stage, { signal: gone.signal }), { code: 'request.cancelled' })
    assert.deepEqual(
      stage.seams.map(({ from, to, code }) => [from.name, to, code]),
      [['a', undefined, 'request.cancelled']],
    )
  })
})

describe('an answer whose first token is late', () => {
  it('is asked of a second node, by what the model has taken before, and the first one is told to stop', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b })
    const stopped = Promise.withResolvers<void>()
    const { kind, ask, usual } = await learnPace({ a, b }, stage)
    a.node.script = silentAfter(kind, 0, stopped.resolve)
    assert.equal(await ask(), usual)
    await stopped.promise
    assert.deepEqual(stage.hedged, ['b'])
    assert.deepEqual(stage.seams, [])
  })

  it('is left to the second node when the first one then refuses it, and nobody is asked a second time', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b })
    const { whole, ask, usual } = await learnPace({ a, b }, stage)
    const second = Promise.withResolvers<void>()
    a.node.script = async function* refusing() {
      yield* []
      await second.promise
      throw new AppError('node.overloaded', 'full')
    }
    b.node.script = async function* slow(request, options) {
      second.resolve()
      await settle()
      return yield* whole(request, options)
    }
    b.node.asked.length = 0
    assert.equal(await ask(), usual)
    assert.deepEqual(stage.hedged, ['b'])
    assert.equal(b.node.asked.length, 1)
  })

  it('has the head of the second node, which came before a word of it, when the first one is lost then', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp({ streamLimits: { keepAliveMs: 5, stallTimeoutMs: 60_000 } })
    await using stage = await startStage({ a, b })
    const { kind, whole, ask, usual } = await learnPace({ a, b }, stage)
    a.node.script = silentAfter(kind, 0, () => {})
    const first = Promise.withResolvers<void>()
    b.node.script = async function* slow(request, options) {
      await first.promise
      return yield* whole(request, options)
    }
    const asking = ask()
    // A sign of life: with it comes the head.
    await stage.said('b', /"status":200/)
    await stage.cut('a')
    await settle()
    first.resolve()
    assert.equal((await asking).replaceAll(/^: .*\n\n/gm, ''), usual)
  })

  for (const stream of [true, false]) {
    it(`is carried on by the slower one of two when the faster one is lost: ${stream ? 'streamed' : 'whole'}`, async () => {
      await using a = await startPeerApp()
      await using b = await startPeerApp()
      await using stage = await startStage({ a, b }, { carryOnWithinMs: 300 })
      const { kind, whole, ask, usual } = await learnPace({ a, b }, stage, { stream })
      const second = Promise.withResolvers<void>()
      const cut = losing(kind, { after: 3, lose: () => stage.cut('a') })
      a.node.script = async function* late(request, options) {
        await second.promise
        return yield* cut(request, options)
      }
      const slow = silentAfter(kind, 0, () => {})
      b.node.script = (request, options) => {
        second.resolve()
        b.node.script = whole
        return slow(request, options)
      }
      assert.equal(await ask(), usual)
      assert.deepEqual(stage.hedged, ['b'])
    })
  }

  it('is waited for when nothing is known of the model', async () => {
    await using a = await startPeerApp()
    await using b = await startPeerApp()
    await using stage = await startStage({ a, b })
    const kind = KINDS['plain'] ?? assert.fail()
    const asked = Promise.withResolvers<void>()
    const whole = sound(kind)
    a.node.script = async function* late(request, options) {
      asked.resolve()
      await settle()
      return yield* whole(request, options)
    }
    b.node.script = () => assert.fail('asked')
    const [url, fields] = DIALECTS.completions
    assert.match(await stage.ask(url, { ...fields, stream: true }), /\[DONE\]/)
    await asked.promise
    assert.deepEqual(stage.hedged, [])
  })
})
