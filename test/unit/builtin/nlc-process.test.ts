import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { status } from '@grpc/grpc-js'
import { AppError } from '../../../src/base/errors.ts'
import { watchParent } from '../../../src/builtin/harness/parent-watch.ts'
import { contentOf, joinParts, toReply } from '../../../src/builtin/llama-cpp/answer-part.ts'
import type { ChatDelta } from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import type { Engine } from '../../../src/builtin/llama-cpp/engine.ts'
import { createModelSlot } from '../../../src/builtin/llama-cpp/model-slot.ts'
import { fromOpenAiLogprob } from '../../../src/builtin/llama-cpp/token-logprob.ts'
import { toCallFailure } from '../../../src/grpc/status.ts'
import { readTrailers } from '../../../src/grpc/trailers.ts'

describe('parent watch', () => {
  it('tells once when the pipe ends', async () => {
    const pipe = new PassThrough()
    const gone = Promise.withResolvers<void>()
    let times = 0
    watchParent({ lifeline: pipe, pollMs: 0, parentId: () => 1 }, () => {
      times += 1
      gone.resolve()
    })
    pipe.write('what a parent says does not matter')
    pipe.end()
    await gone.promise
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(times, 1)
  })

  it('says nothing after it was called off', async () => {
    const pipe = new PassThrough()
    let times = 0
    watchParent({ lifeline: pipe, pollMs: 0, parentId: () => 1 }, () => {
      times += 1
    })()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(times, 0)
    assert.ok(pipe.destroyed)
  })

  it('sees a changed parent where there is no pipe', async () => {
    const ids = [100, 100, 1]
    await new Promise<void>((resolve) => {
      const watch = { lifeline: undefined, pollMs: 1, parentId: () => ids.shift() ?? 1 }
      const keepAlive = setInterval(() => {}, 1000)
      watchParent(watch, () => {
        clearInterval(keepAlive)
        resolve()
      })
    })
    assert.deepEqual(ids, [])
  })
})

describe('the model slot', () => {
  function engine(name: string, log: string[]): Engine {
    const info = { name }
    return { info, [Symbol.asyncDispose]: async () => void log.push(`closed ${name}`) } as unknown as Engine
  }

  it('refuses calls before the first load', async () => {
    await using slot = createModelSlot()
    assert.equal(slot.phase, 'empty')
    assert.throws(() => slot.hold(), { code: 'model.not-found' })
  })

  it('replaces a model only after the calls that hold it', async () => {
    const log: string[] = []
    await using slot = createModelSlot()
    await slot.replace(async () => engine('old', log))
    const call = slot.hold()
    const replaced = slot.replace(async () => {
      log.push('loading new')
      return engine('new', log)
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.throws(() => slot.hold(), { code: 'model.busy' })
    assert.deepEqual(log, [])
    call[Symbol.dispose]()
    call[Symbol.dispose]()
    await replaced
    assert.deepEqual(log, ['closed old', 'loading new'])
    assert.equal(slot.phase, 'ready')
    await slot.unload()
    assert.equal(slot.phase, 'empty')
    assert.deepEqual(log.at(-1), 'closed new')
  })

  it('aborts a load that nobody wants any more, and is usable afterwards', async () => {
    const log: string[] = []
    await using slot = createModelSlot()
    const leaving = new AbortController()
    const load = slot.replace(
      async ({ signal }) =>
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { signal: leaving.signal },
    )
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(slot.phase, 'loading')
    leaving.abort(new Error('never mind'))
    await assert.rejects(load, /never mind/)
    await slot.replace(async () => engine('next', log))
    assert.equal(slot.phase, 'ready')
  })

  it('aborts the load under way when it closes', async () => {
    const slot = createModelSlot()
    const load = slot.replace(
      async ({ signal }) =>
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const refused = assert.rejects(load, { code: 'node.stopping' })
    await new Promise((resolve) => setImmediate(resolve))
    await slot[Symbol.asyncDispose]()
    await refused
  })
})

describe('failures on the wire', () => {
  it('carry a gRPC status and our own code', () => {
    const cases: [unknown, status, string][] = [
      [new AppError('request.context-exceeded', 'too long'), status.INVALID_ARGUMENT, 'request.context-exceeded'],
      [new AppError('backend.unsupported', 'no'), status.UNIMPLEMENTED, 'backend.unsupported'],
      [new AppError('model.not-found', 'no'), status.FAILED_PRECONDITION, 'model.not-found'],
      [new AppError('backend.died', 'no'), status.UNAVAILABLE, 'backend.died'],
      [new Error('boom'), status.INTERNAL, 'backend.failed'],
    ]
    for (const [error, code, errorCode] of cases) {
      const failure = toCallFailure(error)
      assert.equal(failure.code, code)
      assert.equal(readTrailers(failure.metadata).errorCode, errorCode)
    }
  })
})

describe('answer parts', () => {
  const deltas: readonly ChatDelta[] = [
    { type: 'reasoning', text: 'hm' },
    { type: 'content', text: 'a' },
    { type: 'content', text: 'b' },
    { type: 'tool-call-start', index: 0, id: 'c', name: 'f' },
    { type: 'tool-call-arguments', index: 0, text: '{"x":' },
    { type: 'tool-call-arguments', index: 0, text: '1}' },
  ]

  it('become replies: content in the message too, reasoning and calls only in the deltas', () => {
    assert.equal(contentOf(deltas), 'ab')
    const reply = toReply(
      joinParts([
        { text: 'a', deltas: deltas.slice(0, 2), logprobs: [], tokens: 2, generated: [{ id: 5 }] },
        { text: 'b', deltas: deltas.slice(2), logprobs: [], tokens: 9, generated: [{ id: 6 }] },
      ]),
    )
    assert.equal(String(reply.message), 'ab')
    assert.equal(reply.tokens, 9)
    assert.deepEqual(reply.generated, [{ id: 5 }, { id: 6 }])
    assert.deepEqual(reply.chat_deltas, [
      { reasoning_content: 'hm' },
      { content: 'ab' },
      { tool_calls: [{ index: 0, id: 'c', name: 'f' }] },
      { tool_calls: [{ index: 0, arguments: '{"x":1}' }] },
    ])
  })

  it("carry log probabilities in OpenAI's shape, finite", () => {
    const top = [{ token: 'y', bytes: [121], logprob: -0.5 }]
    const logprobs = [{ token: 'x', bytes: [120], logprob: Number.NEGATIVE_INFINITY, top }]
    const reply = toReply({
      text: 'x',
      deltas: [],
      logprobs,
      tokens: 1,
      generated: logprobs.map((logprob) => ({ id: 7, logprob })),
    })
    assert.deepEqual(JSON.parse(String(reply.logprobs)), {
      content: [{ token: 'x', bytes: [120], logprob: -9999, top_logprobs: top }],
    })
    const [told] = reply.generated ?? []
    assert.equal(told?.id, 7)
    const read = fromOpenAiLogprob(told?.logprobs as Buffer)
    assert.deepEqual(read, { token: 'x', bytes: [120], logprob: -9999, top })
  })
})
