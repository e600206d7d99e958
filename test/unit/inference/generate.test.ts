import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import type { BackendClient } from '../../../src/backends/backend-client.ts'
import { AppError } from '../../../src/base/errors.ts'
import type { GeneratedToken } from '../../../src/grpc/generated/backend/GeneratedToken.ts'
import { createChat } from '../../../src/inference/chat.ts'
import type { GenerationOptions } from '../../../src/inference/continuity.ts'
import { createEmbed } from '../../../src/inference/embed.ts'
import type { GenerationDeps } from '../../../src/inference/generate.ts'
import { type AnswerKind, KINDS, replaying } from '../../integration/replaying-backend.ts'
import { collect, modelConfig, type Script, words } from '../../integration/scripted-backend.ts'

function deps(client: Partial<BackendClient>) {
  const leases = { given: 0, back: 0 }
  const loader: GenerationDeps['loader'] = {
    async acquire() {
      leases.given += 1
      return {
        client: client as BackendClient,
        backend: 'fake',
        [Symbol.dispose]: () => {
          leases.back += 1
        },
      }
    },
  }
  const registry = { find: (name: string) => (name === 'm' ? modelConfig('m') : undefined) }
  return { leases, deps: { loader, registry, log: pino({ level: 'silent' }) } }
}

const request = { model: 'm', messages: [{ role: 'user', content: 'hi' }], sampling: {} } as const

const embedded = (vector: number[]) => ({
  embeddings: vector,
  tokens: 0,
  dim: vector.length,
  prompt_tokens: 2,
  layout: 'EMBEDDING_LAYOUT_FINAL' as const,
})

describe('chat', () => {
  it('gives the model back when its reader leaves, and when it ends by itself', async () => {
    const { leases, deps: given } = deps({ predictStream: (options) => words('a', 'b')(options, {}) })
    const chat = createChat(given)
    for await (const _ of chat(request)) break
    assert.deepEqual(leases, { given: 1, back: 1 })
    await collect(chat(request))
    assert.deepEqual(leases, { given: 2, back: 2 })
  })

  it('asks once more when the backend is found dead before it has said anything', async () => {
    let calls = 0
    const { leases, deps: given } = deps({
      async *predictStream(options) {
        calls += 1
        if (calls === 1) throw new AppError('backend.died', 'gone')
        return yield* words('a')(options, {})
      },
    })
    const events = await collect(createChat(given)(request))
    assert.deepEqual(events[0], { type: 'text-delta', text: 'a' })
    assert.deepEqual(leases, { given: 2, back: 2 })
  })

  it('does not ask again after a second death, after other failures, or once it has answered', async () => {
    const failing = (code: 'backend.died' | 'backend.failed', ...before: string[]) =>
      deps({
        async *predictStream(options) {
          if (before.length > 0) yield* words(...before)(options, {})
          throw new AppError(code, 'no')
        },
      })
    for (const [{ leases, deps: given }, times] of [
      [failing('backend.died'), 2],
      [failing('backend.failed'), 1],
      [failing('backend.died', 'a'), 1],
    ] as const) {
      await assert.rejects(collect(createChat(given)(request)), /no/)
      assert.deepEqual(leases, { given: times, back: times })
    }
  })

  it('does nothing before the first pull', () => {
    const { leases, deps: given } = deps({})
    createChat(given)(request)
    assert.equal(leases.given, 0)
  })

  it('says where to look when there is no such model', async () => {
    const chat = createChat(deps({}).deps)
    await assert.rejects(collect(chat({ ...request, model: 'other' })), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'model.not-found')
      assert.equal(error.message, 'model "other" not found. To see available models, call GET /v1/models')
      return true
    })
  })
})

describe('a chat whose backend dies midway', () => {
  const scripted = (script: Script) => deps({ predictStream: (options) => script(options, {}) })
  const given = { ...request, sampling: { seed: 7 } }

  /** What a client gets, whatever the ids and the times. */
  async function answerOf(script: Script, options: GenerationOptions = {}): Promise<readonly unknown[]> {
    const events = await collect(createChat(scripted(script).deps)(given, options))
    return events.map((event) => {
      if (event.type === 'tool-call-start') return { ...event, id: 'x' }
      return event.type === 'finish' ? { ...event, timings: {} } : event
    })
  }

  for (const [name, kind] of Object.entries(KINDS).filter(([, { logprobs }]) => logprobs !== true)) {
    it(`goes on in a new process as if nothing had happened: ${name}`, async () => {
      const undisturbed = await answerOf(replaying(kind))
      for (let first = 0; first < kind.tokens; first += 1) {
        for (let second = Math.max(1, first); second < kind.tokens; second += 1) {
          assert.deepEqual(await answerOf(replaying(kind, { diesAfter: [first, second] })), undisturbed)
        }
      }
    })
  }

  it('has the log probabilities of the process that sampled', async () => {
    const kind = KINDS['with log probabilities'] ?? assert.fail()
    const { leases, deps: made } = scripted(replaying(kind, { diesAfter: [3] }))
    const events = await collect(createChat(made)(given))
    const logprobs = events.flatMap((event) => (event.type === 'text-delta' ? (event.logprobs ?? []) : []))
    assert.equal(new Set(logprobs.map(({ logprob }) => logprob)).size, kind.tokens)
    assert.deepEqual(leases, { given: 2, back: 2 })
  })

  it('tells each token once, before anything that was made of it', async () => {
    const kind = KINDS['plain'] ?? assert.fail()
    const order: string[] = []
    const continuity = {
      resume: [],
      note: (tokens: readonly GeneratedToken[]) => void order.push(...tokens.map(({ id }) => ` w${id}`)),
    }
    const chat = createChat(scripted(replaying(kind, { diesAfter: [2, 7] })).deps)
    for await (const event of chat(given, { continuity })) if (event.type === 'text-delta') order.push(event.text)
    const texts = order.filter((_, place) => order.indexOf(order[place] ?? '') < place)
    assert.equal(order.length, kind.tokens + kind.tokens - 2)
    // Each word stands there twice, as a token and as text; the character has no token of its own.
    assert.equal(texts.length, kind.tokens - 3)
  })

  it('tries no third process, and gives the reason', async () => {
    const kind = KINDS['plain'] ?? assert.fail()
    const { leases, deps: made } = scripted(replaying(kind, { diesAfter: [1, 2, 7] }))
    const texts: unknown[] = []
    await assert.rejects(
      async () => {
        for await (const event of createChat(made)(given)) texts.push(event)
      },
      { code: 'backend.died', message: 'gone' },
    )
    assert.deepEqual(leases, { given: 3, back: 3 })
    const whole = await answerOf(replaying(kind))
    assert.deepEqual(texts, whole.slice(0, texts.length))
    assert.ok(texts.length > 2)
  })

  it('waits for a model that may not be started at once, if that is not for long', async () => {
    const kind = KINDS['plain'] ?? assert.fail()
    for (const { cooling, waits } of [
      { cooling: [4999.2], waits: [5000] },
      { cooling: [1000, 0.3], waits: [1000, 1] },
      { cooling: [5001], waits: [] },
      { cooling: [3000, 3000], waits: [3000] },
    ]) {
      const outcome = cooling.length === waits.length ? 'answered' : 'gone'
      const { deps: made } = scripted(replaying(kind, { diesAfter: [4] }))
      const waited: number[] = []
      let acquired = 0
      const loader: GenerationDeps['loader'] = {
        async acquire(...asked) {
          const retryAfterMs = acquired === 0 ? undefined : cooling[acquired - 1]
          acquired += 1
          if (retryAfterMs === undefined) return await made.loader.acquire(...asked)
          throw new AppError('backend.cooling-down', 'later', { details: { retryAfterMs } })
        },
      }
      const wait = async (ms: number): Promise<void> => void waited.push(ms)
      const answer = collect(createChat({ ...made, loader, wait })(given))
      assert.equal(
        await answer.then(
          () => 'answered',
          ({ message }: Error) => message,
        ),
        outcome,
      )
      assert.deepEqual(waited, waits)
    }
  })

  it('fails as it would have when the next process cannot go on, or says something else', async () => {
    const kind = KINDS['plain'] ?? assert.fail()
    const other: AnswerKind = { ...kind, say: (_index, id) => ({ message: Buffer.from(`other ${id}`) }) }
    const unsupported: Script = async function* refuse() {
      yield* []
      throw new AppError('request.unsupported', 'no way on')
    }
    for (const next of [replaying(other), replaying({ ...kind, tokens: 2 }), unsupported]) {
      const dies = replaying(kind, { diesAfter: [4] })
      let calls = 0
      const script: Script = (asked, options) => (calls++ === 0 ? dies : next)(asked, options)
      await assert.rejects(answerOf(script), { code: 'backend.died', message: 'gone' })
      assert.equal(calls, 2)
    }
  })

  for (const said of [0, 1]) {
    it(`ends when somebody stopped the backend, ${said === 0 ? 'before' : 'after'} its first word`, async () => {
      const kind = KINDS['plain'] ?? assert.fail()
      let calls = 0
      const script: Script = async function* stopped(asked, options) {
        calls += 1
        let left = said
        for await (const piece of replaying(kind)(asked, options)) {
          if (left === 0) throw new AppError('backend.died', 'was stopped', { details: { stopped: true } })
          left -= 1
          yield piece
        }
        return {}
      }
      await assert.rejects(answerOf(script), /was stopped/)
      assert.equal(calls, 1)
    })
  }
})

describe('embed', () => {
  it('keeps the order of the inputs and adds the tokens up', async () => {
    const { deps: given, leases } = deps({
      embedding: async ({ Embeddings = '', EmbeddingTokens = [] }) =>
        embedded([Embeddings === '' ? EmbeddingTokens.length : Number(Embeddings)]),
    })
    const inputs = [...Array.from({ length: 20 }, (_, index) => String(index)), [1, 2, 3]]
    const result = await createEmbed(given)({ model: 'm', inputs })
    assert.deepEqual(
      result.vectors.map(([first]) => first),
      [...Array.from({ length: 20 }, (_, index) => index), 3],
    )
    assert.equal(result.promptTokens, 42)
    assert.deepEqual(leases, { given: 1, back: 1 })
  })

  it('keeps the model until every call has ended, also after a failure', async () => {
    let running = 0
    const { deps: given, leases } = deps({
      async embedding({ Embeddings }, { signal } = {}) {
        if (Embeddings === 'bad') throw new AppError('backend.failed', 'no')
        running += 1
        await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
          .catch(() => {
            assert.equal(leases.back, 0)
          })
          .finally(() => {
            running -= 1
          })
        return embedded([1])
      },
    })
    await assert.rejects(createEmbed(given)({ model: 'm', inputs: ['slow', 'slow', 'bad'] }), /no/)
    assert.equal(running, 0)
    assert.equal(leases.back, 1)
  })

  it('refuses vectors that are one per token, and none at all', async () => {
    const perToken = deps({ embedding: async () => ({ ...embedded([1]), layout: 'EMBEDDING_LAYOUT_PER_TOKEN' }) })
    await assert.rejects(createEmbed(perToken.deps)({ model: 'm', inputs: ['a'] }), /vector per token/)
    const nothing = deps({ embedding: async () => embedded([]) })
    await assert.rejects(createEmbed(nothing.deps)({ model: 'm', inputs: ['a'] }), /without a vector/)
  })
})
