import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { addErrorAnswers } from '../../src/api/error-answers.ts'
import { createHttpApp } from '../../src/api/http-app.ts'
import { addInferenceRoutes } from '../../src/api/inference-routes.ts'
import { addStamps } from '../../src/api/stamp.ts'
import { NO_HOME } from '../../src/federation/home.ts'
import { HOME_HEADER, STAMP_HEADER } from '../../src/federation/routed-request.ts'
import type { GeneratedToken } from '../../src/grpc/generated/backend/GeneratedToken.ts'
import type { Continuity } from '../../src/inference/continuity.ts'
import { createResponses, RESPONSES_DEFAULTS } from '../../src/responses/create-responses.ts'
import { createFakeNode, createInference, startApi } from './api-harness.ts'
import { type AnswerKind, KINDS, replaying } from './replaying-backend.ts'
import type { Script } from './scripted-backend.ts'

const SAID = [{ role: 'user', content: 'hi' }]
const TOOLS = [{ type: 'function', function: { name: 'get', parameters: { type: 'object' } } }]

/** The dialects: where to ask, and how. */
const DIALECTS = {
  'chat completions': ['/v1/chat/completions', { messages: SAID, logprobs: true, tools: TOOLS }],
  completions: ['/v1/completions', { prompt: 'hi', logprobs: 0 }],
  messages: ['/v1/messages', { messages: SAID, max_tokens: 99, thinking: { type: 'enabled', budget_tokens: 1024 } }],
  responses: ['/v1/responses', { input: 'hi', store: false, include: ['message.output_text.logprobs'] }],
} as const

interface Asked {
  readonly stamp: string
  readonly continuity?: Continuity
  readonly home?: string
}

const newStamp = (): string => `${randomBytes(16).toString('hex')}.1700000000000`

describe('an answer to the same request with the same stamp', () => {
  const node = createFakeNode()
  const silent = pino({ level: 'silent' })
  const giveUp = new AbortController()
  let clock = 1_800_000_000_000
  let app: FastifyInstance
  let root = ''
  let continuity: Continuity | undefined

  before(async () => {
    const home = '0123456789'
    const makeParent = async (): Promise<void> => {}
    const responses = createResponses(
      // Each look at the clock shows another second: none may be seen in an answer before its end.
      { log: silent, makeParent, now: () => (clock += 1000) },
      { ...RESPONSES_DEFAULTS, folder: '/none', ttlMs: 0, home: () => home },
    )
    app = createHttpApp({ uploadLimitBytes: 100_000 })
    addErrorAnswers(app, { log: silent }, { toMembers: true })
    addStamps(app, { toMembers: true })
    app.decorateRequest('caller', { getter: () => ({ id: undefined, role: 'user' }) as const })
    app.decorateRequest('continuity', { getter: () => continuity })
    const { signal } = giveUp
    addInferenceRoutes(app, { ...createInference(node, responses), giveUp: signal }, { version: 'v0' })
    root = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  after(() => app.close())

  async function ask(url: string, body: object, asked: Asked): Promise<string> {
    continuity = asked.continuity
    const told = asked.home === undefined ? {} : { [HOME_HEADER]: asked.home }
    const headers = { 'content-type': 'application/json', [STAMP_HEADER]: asked.stamp, ...told }
    const answer = await fetch(root + url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'tiny', ...body }),
    })
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    return text.replace(/"completed_at":\d+/g, '"completed_at":0')
  }

  for (const [dialect, [url, fields]] of Object.entries(DIALECTS)) {
    for (const stream of [true, false]) {
      const body = { ...fields, stream }
      it(`is the same to the byte: ${dialect}, ${stream ? 'streamed' : 'whole'}`, async () => {
        for (const [name, kind] of Object.entries(KINDS).filter(([, { logprobs }]) => logprobs !== true)) {
          node.script = replaying(kind)
          const stamp = newStamp()
          const answer = await ask(url, body, { stamp })
          assert.equal(await ask(url, body, { stamp }), answer, name)
          assert.notEqual(await ask(url, body, { stamp: newStamp() }), answer, name)
        }
      })

      it(`can be finished by another node, from any token: ${dialect}, ${stream ? 'streamed' : 'whole'}`, async () => {
        for (const [name, kind] of Object.entries(KINDS)) {
          node.script = replaying(kind)
          const stamp = newStamp()
          const told: GeneratedToken[] = []
          const answer = await ask(url, body, { stamp, continuity: noting([], told) })
          assert.equal(told.length, kind.tokens)
          for (let count = 0; count <= kind.tokens; count += 1) {
            const rest: GeneratedToken[] = []
            const resume = told.slice(0, count)
            const resumed = await ask(url, body, { stamp, continuity: noting(resume, rest) })
            // Log probabilities of tokens that this process samples are its own.
            if (kind.logprobs !== true || count === kind.tokens) assert.equal(resumed, answer, `${name}, ${count}`)
            assert.deepEqual(idsOf([...resume, ...rest]), idsOf(told))
          }
        }
      })
    }
  }

  it('is the same for edits and embeddings, which are never streamed', async () => {
    node.script = replaying(KINDS['plain'] ?? assert.fail())
    node.client.embedding = async () => ({
      embeddings: [1, 2],
      tokens: 0,
      dim: 2,
      prompt_tokens: 2,
      layout: 'EMBEDDING_LAYOUT_FINAL',
    })
    for (const [url, body] of [
      ['/v1/edits', { instruction: 'Change it.', input: 'x' }],
      ['/v1/embeddings', { input: 'x' }],
    ] as const) {
      const stamp = newStamp()
      assert.equal(await ask(url, body, { stamp }), await ask(url, body, { stamp }))
    }
  })

  for (const [url, body] of [
    ['/v1/chat/completions', { messages: SAID, tools: TOOLS, n: 3 }],
    ['/v1/completions', { prompt: 'hi', n: 6 }],
    ['/v1/completions', { prompt: ['a', 'b'], n: 2, seed: 5 }],
  ] as const) {
    it(`of several choices can be finished by another node, in the order that was: ${url} ${JSON.stringify(body)}`, async () => {
      // Completions show neither thoughts nor calls: then there are fewer events in the stream than were told.
      const shown = ([name, { logprobs }]: [string, AnswerKind]) =>
        logprobs !== true && (url === '/v1/chat/completions' || !/thoughts|calls/.test(name))
      for (const [name, kind] of Object.entries(KINDS).filter(shown)) {
        node.script = inChanceOrder(replaying(kind))
        const stamp = newStamp()
        const told: GeneratedToken[] = []
        const answer = readStream(await ask(url, { ...body, stream: true }, { stamp, continuity: noting([], told) }))
        assert.ok(new Set(answer.choices.values()).size > 1, 'choices differ')
        assert.equal(told.filter(({ id }) => id === -2).length, answer.events.length)
        const whole = await ask(url, body, { stamp })
        for (let count = 0; count <= told.length; count += 1) {
          const resume = told.slice(0, count)
          const given = resume.filter(({ id }) => id === -2).length
          const rest: GeneratedToken[] = []
          const continuity = noting(resume, rest)
          const resumed = readStream(await ask(url, { ...body, stream: true }, { stamp, continuity }))
          assert.deepEqual(resumed.events.slice(0, given), answer.events.slice(0, given), `${name}, ${count}`)
          assert.deepEqual(resumed.choices, answer.choices, `${name}, ${count}`)
          assert.deepEqual(tokensOf([...resume, ...rest]), tokensOf(told))
          assert.equal(
            await ask(url, body, { stamp, continuity: noting(resume, []) }),
            whole,
            `${name}, ${count}, whole`,
          )
        }
      }
    })
  }

  it('of several choices is refused tokens of another answer, and an order that it cannot have', async () => {
    node.script = replaying(KINDS['plain'] ?? assert.fail())
    const mark = (id: number, number: number): GeneratedToken => ({ id, logprobs: Buffer.from([0, 0, 0, number]) })
    const asked = { prompt: 'hi', n: 2 }
    for (const resume of [[{ id: 7 }], [mark(-1, 2)], [mark(-2, 9)], [{ id: -1, logprobs: Buffer.alloc(3) }]]) {
      await assert.rejects(
        ask('/v1/completions', asked, { stamp: newStamp(), continuity: noting(resume, []) }),
        /not of such/,
      )
    }
    const early = Array.from({ length: 30 }, () => mark(-2, 0))
    const answer = await ask(
      '/v1/completions',
      { ...asked, stream: true },
      { stamp: newStamp(), continuity: noting(early, []) },
    )
    assert.match(answer, /data: \{"error":\{"code":500/)
  })

  it('of several calls has ids that differ', async () => {
    node.script = replaying(KINDS['with calls'] ?? assert.fail())
    const calls = await ask('/v1/chat/completions', { messages: SAID, n: 2, tools: TOOLS }, { stamp: newStamp() })
    assert.equal(new Set(calls.match(/call_\w+/g)).size, 4, calls)
  })

  it('of a response carries the home that was told, and only a home', async () => {
    node.script = replaying(KINDS['plain'] ?? assert.fail())
    const [url, fields] = DIALECTS.responses
    const idOf = async (home?: string) => {
      const asked = home === undefined ? { stamp } : { stamp, home }
      return (JSON.parse(await ask(url, fields, asked)) as { readonly id: string }).id
    }
    const stamp = newStamp()
    const own = await idOf()
    assert.match(own, /^resp_0123456789_[0-9a-f]{32}$/)
    assert.equal(await idOf('abcdef0123'), own.replace('0123456789', 'abcdef0123'))
    assert.equal(await idOf('../../etc/x'), own)
  })

  it('is not for clients to ask for', async () => {
    await using api = await startApi()
    const headers = {
      'content-type': 'application/json',
      [STAMP_HEADER]: newStamp(),
      [HOME_HEADER]: 'abcdef0123',
    }
    const idOf = async () => {
      const answer = await api.post('/v1/responses', { model: 'tiny', input: 'hi', store: false }, { headers })
      return ((await answer.json()) as { readonly id: string }).id
    }
    const id = await idOf()
    assert.match(id, new RegExp(`^resp_${NO_HOME}_`))
    assert.notEqual(await idOf(), id)
  })
})

function noting(resume: readonly GeneratedToken[], into: GeneratedToken[]): Continuity {
  return { resume, note: (tokens) => void into.push(...tokens) }
}

function idsOf(tokens: readonly GeneratedToken[]): readonly (number | undefined)[] {
  return tokens.map(({ id }) => id)
}

/** What each choice says by the number of turns of the event loop that it waits for. */
function inChanceOrder(script: Script): Script {
  return async function* shuffled(request, options) {
    const replies = script(request, options)
    for (;;) {
      for (let turns = Math.floor(Math.random() * 4); turns > 0; turns -= 1) await nextTurn()
      const next = await replies.next()
      if (next.done === true) return next.value
      yield next.value
    }
  }
}

interface Streamed {
  /** One for each that was told: that somebody begins to speak is not. */
  readonly events: readonly string[]
  /** All that each choice said. */
  readonly choices: ReadonlyMap<number, string>
}

function readStream(text: string): Streamed {
  const events = text.split('\n\n').filter((event) => event.includes('"choices":[{') && !event.includes('"role"'))
  const choices = new Map<number, string>()
  for (const event of events) {
    const { choices: said } = JSON.parse(event.slice('data: '.length)) as {
      readonly choices: readonly { index: number }[]
    }
    for (const { index, ...rest } of said) choices.set(index, (choices.get(index) ?? '') + JSON.stringify(rest))
  }
  return { events, choices }
}

/** Of each choice: in which order they come together is chance. */
function tokensOf(told: readonly GeneratedToken[]): ReadonlyMap<number, readonly number[]> {
  const tokens = new Map<number, number[]>()
  let current: number[] = []
  for (const { id = 0, logprobs } of told) {
    const choice = id < 0 ? Buffer.from(logprobs as Uint8Array).readUInt32BE() : 0
    if (id >= 0) current.push(id)
    if (id !== -1) continue
    current = tokens.get(choice) ?? []
    tokens.set(choice, current)
  }
  return new Map([...tokens].toSorted(([one], [other]) => one - other))
}
