import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import type { ModelLease } from '../../src/backends/model-lease.ts'
import { AppError } from '../../src/base/errors.ts'
import type { Reply__Output } from '../../src/grpc/generated/backend/Reply.ts'
import { createLogger, type Logger } from '../../src/telemetry/logger.ts'
import { createFakeLoader, fakeDefinition, fakeModel } from '../support/fake-backend/fixture.ts'
import { type BackendWatch, watchBackends } from '../support/fake-backend/watch.ts'

const script = (value: object): string => JSON.stringify(value)

async function readAll(lease: ModelLease, prompt: string, signal?: AbortSignal): Promise<string> {
  let text = ''
  for await (const reply of lease.client.predictStream({ Prompt: prompt }, signal === undefined ? {} : { signal })) {
    text += reply.message.toString('utf8')
  }
  return text
}

/** A clock that stands still until it is told how late it is; then whoever looks from time to time does. */
function heldTime() {
  let now = 0
  let tick = (): void => {}
  const every = (_interval: number, callback: () => void) => {
    tick = callback
    return () => {}
  }
  return {
    clock: { now: () => now, every },
    goOn(until: number): void {
      now = until
      tick()
    },
  }
}

const codeIs =
  (code: string, pattern = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, pattern)
    return true
  }

function fakeLoader(
  watch: BackendWatch,
  options: readonly string[] = [],
  init: Parameters<typeof createFakeLoader>[0] = {},
) {
  return createFakeLoader({ builtins: [fakeDefinition(watch.path, options)], stopGraceMs: 2_000, ...init })
}

describe('loading a model', { concurrency: 4, timeout: 60_000 }, () => {
  it('starts one process however many wait for it', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one', { options: ['some:thing'] })
    const leases = await Promise.all(Array.from({ length: 20 }, () => loader.acquire(config)))
    const backend = await watch.nextStart()
    assert.equal(watch.starts, 1)
    assert.equal((await backend.next('load')).options['Model'], 'one.bin')
    assert.equal(backend.count('load'), 1)
    assert.deepEqual(loader.loaded(), [{ id: 'one', backend: 'fake', phase: 'ready', inFlight: 20, pid: backend.pid }])
    const texts = await Promise.all(leases.map((lease, index) => readAll(lease, `answer ${index}`)))
    assert.deepEqual(
      texts,
      leases.map((_, index) => `answer ${index}`),
    )
    for (const lease of leases) lease[Symbol.dispose]()
    assert.equal(loader.loaded()[0]?.inFlight, 0)
  })

  it('gives the process none of our secrets, a private socket and a folder to work in', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], {
      environment: {
        PATH: process.env['PATH'],
        LOCALAI_API_KEY: 'x',
        TOKEN: 'x',
        HF_TOKEN: 'x',
        CUDA_VISIBLE_DEVICES: '0',
      },
    })
    using _lease = await loader.acquire(fakeModel('one'))
    const { started } = await watch.nextStart()
    assert.deepEqual(started.environment.toSorted(), [
      'CUDA_VISIBLE_DEVICES',
      'GGML_NO_BACKTRACE',
      'LOCALAI_BACKEND_LIFELINE',
      'PATH',
    ])
    assert.match(started.address, /^unix:\//)
    assert.equal(started.cwd, dirname(process.execPath))
  })

  it('says what a backend wrote when it ends before it is ready', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, ['stderr=no such device', 'start=exit:3'])
    await assert.rejects(
      loader.acquire(fakeModel('one')),
      codeIs('backend.start-failed', /grpc service not ready: .*exited with code 3; it last said: no such device/),
    )
  })

  it('gives up on a backend that is never ready, and ends it', async () => {
    const idler = { name: 'fake', command: '/bin/sh', args: ['-c', 'echo warming up as $$ >&2; exec sleep 600'] }
    await using loader = createFakeLoader({ builtins: [idler], stopGraceMs: 2_000 })
    await assert.rejects(loader.acquire(fakeModel('one', { readyTimeoutMs: 1_500 })), (error) => {
      codeIs('backend.start-timeout', /grpc service not ready: .*1500 ms; it last said: warming up as \d+$/)(error)
      const pid = Number(/\d+$/.exec(String(error))?.[0])
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
      return true
    })
  })

  it('reports a refused, a failed and a fatal load with the reason, and leaves no process', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        'load:refuse:too big',
        /failed to load model with internal loader: could not load model \(no success\): too big; it last said: reading weights/,
      ],
      ['load:error:bad magic', /failed to load model with internal loader: could not load model: bad magic/],
      [
        'load:crash',
        /could not load model: backend fake of model .* was ended by SIGABRT; it last said: .*reading weights/,
      ],
      ['load:exit:134', /could not load model: .*exited with code 134 \(SIGABRT\)/],
    ]
    for (const [option, pattern] of cases) {
      const config = fakeModel(option, { options: [option, 'loading:reading weights'] })
      await assert.rejects(loader.acquire(config), codeIs('backend.load-failed', pattern))
      await (await watch.nextStart()).gone
    }
    assert.equal(
      loader.loaded().every((model) => model.phase === 'failed'),
      true,
    )
  })

  it('lets a failed model cool down, then tries again', async () => {
    await using watch = await watchBackends()
    let now = 0
    const clock = { now: () => now, every: () => () => {} }
    await using loader = fakeLoader(watch, [], { deps: { clock }, loadFailureCooldownMs: 10_000 })
    const broken = fakeModel('one', { options: ['load:refuse:no'] })
    await assert.rejects(loader.acquire(broken), codeIs('backend.load-failed'))
    now = 4_000
    await assert.rejects(loader.acquire(broken), (error) => {
      assert.equal(error instanceof AppError && error.details['retryAfterMs'], 6_000)
      return codeIs('backend.cooling-down', /tried again in 6 s: .*no/)(error)
    })
    assert.equal(watch.starts, 1)
    now = 10_000
    using lease = await loader.acquire(fakeModel('one'))
    assert.equal(await readAll(lease, 'hello'), 'hello')
  })

  it('checks a GGUF before it starts anything, and blames nobody for long', async () => {
    await using watch = await watchBackends()
    const validate = async (file: string) => {
      throw new AppError('model.file-invalid', `${file} is cut short`)
    }
    await using loader = fakeLoader(watch, [], { deps: { validate } })
    const config = fakeModel('one', { modelFile: '/nowhere/one.gguf' })
    await assert.rejects(loader.acquire(config), codeIs('model.file-invalid', /one.gguf is cut short/))
    await assert.rejects(loader.acquire(config), codeIs('model.file-invalid', /one.gguf is cut short/))
    const lora = fakeModel('two', { loraAdapters: [{ file: 'x.gguf', scale: 1 }] })
    await assert.rejects(loader.acquire(lora), codeIs('model.file-invalid', /^\/nowhere\/x.gguf is cut short/))
    assert.equal(watch.starts, 0)
    assert.deepEqual(loader.loaded(), [])
  })

  it('refuses an unknown backend by name, and says which there are', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    await assert.rejects(
      loader.acquire(fakeModel('one', { backend: 'missing' })),
      codeIs('backend.not-found', /^backend not found: missing; there is: fake$/),
    )
  })

  it('lets one of two waiters leave, and calls the load off when the last one does', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one', { options: ['load:wait'] })
    const [first, second] = [new AbortController(), new AbortController()]
    const firstLease = loader.acquire(config, { signal: first.signal })
    const secondLease = loader.acquire(config, { signal: second.signal })
    const backend = await watch.nextStart()
    await backend.next('load')
    first.abort(new Error('first left'))
    await assert.rejects(firstLease, /first left/)
    assert.equal(loader.loaded()[0]?.phase, 'starting')
    second.abort(new Error('second left'))
    await assert.rejects(secondLease, /second left/)
    // Whoever comes now gets a load of its own, not the ruins of the old one.
    const third = loader.acquire(fakeModel('one'))
    await backend.gone
    using lease = await third
    assert.equal(await readAll(lease, 'fresh'), 'fresh')
    assert.equal(watch.starts, 2)
  })

  it('loads again when the config has changed: after the running requests, and before the next', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const old = await loader.acquire(fakeModel('one', { contextSize: 512 }))
    const first = await watch.nextStart()
    const changed = fakeModel('one', { contextSize: 1024 })
    const next = loader.acquire(changed)
    assert.equal(await readAll(old, 'still the old one'), 'still the old one')
    assert.equal(watch.starts, 1)
    old[Symbol.dispose]()
    using lease = await next
    await first.gone
    const second = await watch.nextStart()
    assert.equal((await second.next('load')).options['ContextSize'], 1024)
    assert.equal(await readAll(lease, 'hi'), 'hi')
    // What only concerns requests is no reason.
    using _same = await loader.acquire({ ...changed, systemPrompt: 'Be brief.' })
    assert.equal(watch.starts, 2)
  })

  it('gives nobody the old config who asks with the new one while the old one is loaded', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const old = loader.acquire(fakeModel('one', { contextSize: 512, options: ['load:wait'], revision: 1 }))
    const first = await watch.nextStart()
    await first.next('load')
    const next = loader.acquire(fakeModel('one', { contextSize: 1024, revision: 2 }))
    first.tell('load')
    ;(await old)[Symbol.dispose]()
    using _lease = await next
    const second = await watch.nextStart()
    assert.equal((await second.next('load')).options['ContextSize'], 1024)
  })

  it('loads a config that has been mended at once, whatever the one before has to wait for', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const broken = fakeModel('one', { options: ['load:refuse:no'], revision: 1 })
    const mended = fakeModel('one', { revision: 2 })
    await assert.rejects(loader.acquire(broken), codeIs('backend.load-failed'))
    await assert.rejects(loader.acquire(broken), codeIs('backend.cooling-down'))
    using _lease = await loader.acquire(mended)
    assert.equal(watch.starts, 2)
  })

  it('lets nobody wait longer than a request may, also where the running requests are waited for', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using _old = await loader.acquire(fakeModel('one', { contextSize: 512 }))
    loader.configure({ loadWaitMs: 50 })
    await assert.rejects(loader.acquire(fakeModel('one', { contextSize: 1024 })), codeIs('model.loading'))
  })

  it('does not go back to the config of an earlier reading', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using _new = await loader.acquire(fakeModel('one', { contextSize: 1024, revision: 2 }))
    using _late = await loader.acquire(fakeModel('one', { contextSize: 512, revision: 1 }))
    assert.equal(watch.starts, 1)
  })

  it('reloads under load: every request is answered, by the config of its time', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const answers: string[] = []
    async function ask(index: number, revision: number): Promise<void> {
      using lease = await loader.acquire(fakeModel('one', { contextSize: 100 + revision, revision }))
      answers.push(await readAll(lease, script({ tokens: 20, replies: [{ message: `end ${index}` }] })))
    }
    for (let round = 1; round <= 2; round++) {
      const asking = Array.from({ length: 16 }, (_, index) => ask(index, index < 8 ? round : round + 1))
      await Promise.all(asking)
    }
    assert.equal(answers.length, 32)
    assert.ok(answers.every((answer) => /^t0 .*t19 end \d+$/.test(answer)))
    assert.equal(loader.loaded().length, 1)
    assert.ok(watch.starts <= 3, `${watch.starts} starts`)
  })
})

describe('limits of a model', { concurrency: 4, timeout: 60_000 }, () => {
  it('refuses more requests than its config allows, and says when to come again', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one', { limits: { maxConcurrent: 2, retryAfterMs: 7_000 } })
    const first = await loader.acquire(config)
    using _second = await loader.acquire(config)
    await assert.rejects(loader.acquire(config), (error) => {
      assert.equal(error instanceof AppError && error.details['retryAfterMs'], 7_000)
      return codeIs('model.busy')(error)
    })
    using _look = await loader.acquire(config, { aside: true })
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    using _third = await loader.acquire(config)
    await assert.rejects(loader.acquire(config), codeIs('model.busy'))
  })

  it('is not kept in memory by who only looks, nor loaded anew for that', async () => {
    await using watch = await watchBackends()
    let now = 0
    let look = (): void => assert.fail('nobody looks')
    const clock = {
      now: () => now,
      every: (_interval: number, callback: () => void) => {
        look = callback
        return () => {}
      },
    }
    const limits = { enableWatchdogIdle: true, watchdogIdleTimeoutMs: 1000 }
    await using loader = fakeLoader(watch, [], { deps: { clock }, ...limits })
    await loader.start()
    const used = await loader.acquire(fakeModel('one'))
    used[Symbol.dispose]()
    const backend = await watch.nextStart()
    now = 900
    const aside = await loader.acquire(fakeModel('one', { contextSize: 9, revision: 1 }), { aside: true })
    aside[Symbol.dispose]()
    assert.equal(watch.starts, 1)
    now = 1_001
    look()
    await backend.gone
  })

  it('leaves at once, requests and all, when unloading does not wait', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], { forceUnload: true })
    using lease = await loader.acquire(fakeModel('one'))
    const answer = readAll(lease, script({ tokens: 3, end: 'hang' }))
    await (await watch.nextStart()).next('predict')
    const [unloaded] = await Promise.all([loader.unload('one'), assert.rejects(answer, codeIs('backend.died'))])
    assert.equal(unloaded, true)
  })

  it('works on one request after the other, from the moment on when it is told to', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one')
    loader.configure({ serialRequests: true })
    const first = await loader.acquire(config)
    let entered = false
    const second = loader.acquire(config).then((lease) => {
      entered = true
      return lease
    })
    using _other = await loader.acquire(fakeModel('two'))
    assert.equal(entered, false)
    first[Symbol.dispose]()
    const held = await second
    loader.configure({ serialRequests: false })
    using _beside = await loader.acquire(config)
    held[Symbol.dispose]()
  })

  it('keeps a pinned model, and never two of a group', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], { maxActiveBackends: 2 })
    const use = async (name: string, more = {}): Promise<void> => {
      using _lease = await loader.acquire(fakeModel(name, more))
    }
    await use('kept', { pinned: true, concurrencyGroups: ['a'] })
    await use('b', { concurrencyGroups: ['b'] })
    await use('c')
    assert.deepEqual(
      loader.loaded().map(({ id, phase }) => `${id} ${phase}`),
      ['kept ready', 'c ready'],
    )
    loader.configure({ maxActiveBackends: 0 })
    await use('d', { concurrencyGroups: ['b'] })
    await use('e', { concurrencyGroups: ['b'] })
    assert.deepEqual(
      loader.loaded().map(({ id }) => id),
      ['kept', 'c', 'e'],
    )
  })

  it('gives memory back while too much of it is in use, least recently used first', async () => {
    await using watch = await watchBackends()
    let now = 0
    let inUse = 0.5
    let look = (): void => assert.fail('nobody looks')
    const clock = {
      now: () => now++,
      every: (_interval: number, callback: () => void) => {
        look = callback
        return () => {}
      },
    }
    await using loader = fakeLoader(watch, [], { deps: { clock, memoryInUse: () => inUse } })
    loader.configure({ enableMemoryReclaimer: true, memoryReclaimerThreshold: 0.8 })
    await loader.start()
    for (const name of ['a', 'b', 'c']) {
      using _lease = await loader.acquire(fakeModel(name))
    }
    using _used = await loader.acquire(fakeModel('a'))
    look()
    assert.equal(loader.loaded().length, 3)
    inUse = 0.9
    look()
    look()
    await loader.unload('b')
    assert.deepEqual(
      loader.loaded().map(({ id }) => id),
      ['a', 'c'],
    )
    inUse = 0.7
    look()
    assert.deepEqual(
      loader.loaded().map(({ id, phase }) => `${id} ${phase}`),
      ['a ready', 'c ready'],
    )
  })
})

describe('calls', { concurrency: 4, timeout: 60_000 }, () => {
  it('returns the trailers of our own backend, and derives those of others', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using lease = await loader.acquire(fakeModel('one'))
    const endOf = async (value: object, tokens = 0) => {
      const stream = lease.client.predictStream({ Prompt: script(value), Tokens: tokens })
      for (;;) {
        const step = await stream.next()
        if (step.done === true) return step.value
      }
    }
    assert.deepEqual(
      await endOf({ tokens: 1, trailers: { finishReason: 'stop', stopSequence: 'é\n', cachedTokens: 7 } }),
      { finishReason: 'stop', stopSequence: 'é\n', cachedTokens: 7 },
    )
    assert.deepEqual(await endOf({ tokens: 2 }, 3), { finishReason: 'stop' })
    assert.deepEqual(await endOf({ tokens: 3 }, 3), { finishReason: 'length' })
    const call = { chat_deltas: [{ tool_calls: [{ index: 0, id: 'a', name: 'f', arguments: '{}' }] }] }
    assert.deepEqual(await endOf({ replies: [call] }), { finishReason: 'tool-calls' })
  })

  it('answers the unary calls', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using lease = await loader.acquire(fakeModel('one'))
    const { client } = lease
    assert.deepEqual((await client.tokenize({ Prompt: 'AB' })).tokens, [65, 66])
    assert.equal((await client.detokenize([72, 105])).content, 'Hi')
    assert.equal((await client.embedding({ Embeddings: 'abc' })).embeddings.length, 4)
    const ranked = await client.rerank({ query: 'red', documents: ['blue', 'red'] })
    assert.deepEqual(
      ranked.results.map((result) => result.index),
      [1, 0],
    )
    assert.equal((await client.status()).state, 'READY')
    assert.equal((await client.metrics()).tokens_generated, 5)
  })

  it('takes the code that the backend names, and no code that is not its to name', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using lease = await loader.acquire(fakeModel('one'))
    const failWith = (error: object) => readAll(lease, script({ error }))
    await assert.rejects(
      failWith({ status: 3, message: '9 tokens', code: 'request.context-exceeded' }),
      codeIs('request.context-exceeded', /9 tokens/),
    )
    await assert.rejects(
      failWith({ status: 2, message: 'odd', code: 'node.stopping' }),
      codeIs('backend.failed', /odd/),
    )
    await assert.rejects(failWith({ status: 12, message: 'no' }), codeIs('backend.unsupported', /no/))
    await assert.rejects(failWith({ status: 14, message: 'worker is out' }), codeIs('backend.failed', /worker is out/))
    assert.equal(await readAll(lease, 'still here'), 'still here')
  })

  it('cancels when the signal aborts and when the reader leaves', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using lease = await loader.acquire(fakeModel('one'))
    const backend = await watch.nextStart()
    const endless = { Prompt: script({ tokens: 1e9 }) }

    const aborted = new AbortController()
    await assert.rejects(async () => {
      for await (const _ of lease.client.predictStream(endless, { signal: aborted.signal }))
        aborted.abort(new Error('enough'))
    }, /enough/)
    assert.equal((await backend.next('predict-ended')).cancelled, true)

    for await (const _ of lease.client.predictStream(endless)) break
    assert.equal((await backend.next('predict-ended')).cancelled, true)
  })

  it('makes a backend wait for a reader that does not read', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    using lease = await loader.acquire(fakeModel('one'))
    const backend = await watch.nextStart()
    const stream: AsyncGenerator<Reply__Output> = lease.client.predictStream({ Prompt: script({ tokens: 1e9 }) })
    await stream.next()
    const { sent } = await backend.next('stalled')
    assert.ok(sent < 20_000, `${sent} messages were sent to a reader that took one`)
    await stream.return(undefined)
    const ended = await backend.next('predict-ended')
    assert.ok(ended.sent < 40_000, `${ended.sent} messages were sent to a reader that took one`)
  })
})

describe('a backend that dies', { concurrency: 4, timeout: 60_000 }, () => {
  it('fails its request with the reason, and the next one gets a new process at once', async () => {
    await using watch = await watchBackends()
    const told: string[] = []
    const events = {
      modelLoaded: ({ model }: { readonly model: string }) => told.push(`${model} loaded`),
      backendRestarted: ({ model }: { readonly model: string }) => told.push(`${model} restarted`),
    }
    await using loader = fakeLoader(watch, [], { deps: { events } })
    const config = fakeModel('one')
    const lease = await loader.acquire(config)
    const backend = await watch.nextStart()
    const seen: string[] = []
    await assert.rejects(
      async () => {
        for await (const reply of lease.client.predictStream({ Prompt: script({ tokens: 3, end: 'crash' }) })) {
          seen.push(reply.message.toString())
        }
      },
      codeIs('backend.died', /backend fake of model one was ended by SIGABRT/),
    )
    await backend.gone
    assert.deepEqual(loader.loaded(), [])
    // The old request has not even let go yet.
    using next = await loader.acquire(config)
    assert.equal(await readAll(next, 'back again'), 'back again')
    lease[Symbol.dispose]()
    assert.equal(loader.loaded()[0]?.inFlight, 1)
    assert.equal(watch.starts, 2)
    assert.deepEqual(told, ['one loaded', 'one loaded', 'one restarted'])
  })

  it('backs off when it dies again and again', async () => {
    await using watch = await watchBackends()
    let now = 0
    const clock = { now: () => now, every: () => () => {} }
    await using loader = fakeLoader(watch, [], { deps: { clock } })
    const config = fakeModel('one')
    const die = async () => {
      using lease = await loader.acquire(config)
      await assert.rejects(readAll(lease, script({ end: 'exit', exitCode: 9 })), codeIs('backend.died', /code 9/))
    }
    await die()
    await die()
    await assert.rejects(
      die(),
      codeIs('backend.cooling-down', /tried again in 1 s: its process keeps ending unexpectedly/),
    )
    now = 1_000
    await die()
    now = 2_500
    await assert.rejects(die(), codeIs('backend.cooling-down', /tried again in 1 s/))
    now = 3_000
    using lease = await loader.acquire(config)
    assert.equal(await readAll(lease, 'well'), 'well')
  })

  it('is noticed while nobody uses it', async () => {
    await using watch = await watchBackends()
    const died = Promise.withResolvers<void>()
    const log = createLogger({ level: 'silent', format: 'json' })
    const listening = {
      ...log,
      child: () => Object.assign(Object.create(log), { error: () => died.resolve() }),
    } as Logger
    await using loader = fakeLoader(watch, [], { deps: { log: listening } })
    ;(await loader.acquire(fakeModel('one')))[Symbol.dispose]()
    process.kill((await watch.nextStart()).pid, 'SIGKILL')
    await died.promise
    assert.deepEqual(loader.loaded(), [])
  })

  it('is replaced when it lives on but says that its engine died', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one')
    using lease = await loader.acquire(config)
    const backend = await watch.nextStart()
    const error = { status: 14, message: 'llama-server is gone', code: 'backend.died' }
    await assert.rejects(readAll(lease, script({ error })), codeIs('backend.died', /llama-server is gone/))
    await backend.gone
    using next = await loader.acquire(config)
    assert.equal(await readAll(next, 'new'), 'new')
  })
})

describe('stopping', { concurrency: 4, timeout: 60_000 }, () => {
  it('asks for the memory, then tells the process to end, and removes its socket', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    ;(await loader.acquire(fakeModel('one')))[Symbol.dispose]()
    const backend = await watch.nextStart()
    const folder = dirname(backend.started.address.slice('unix:'.length))
    assert.equal(existsSync(folder), true)
    assert.equal(await loader.unload('one'), true)
    await backend.next('free')
    await backend.next('sigterm')
    await backend.gone
    assert.equal(existsSync(folder), false)
    assert.equal(await loader.unload('one'), false)
    assert.deepEqual(loader.loaded(), [])
  })

  it('kills a process that does not want to end', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, ['sigterm=ignore', 'free=unimplemented'], { stopGraceMs: 100 })
    ;(await loader.acquire(fakeModel('one')))[Symbol.dispose]()
    const backend = await watch.nextStart()
    assert.equal(await loader.unload('one'), true)
    await backend.gone
    assert.equal(backend.count('sigterm'), 1)
  })

  it('unloads after the running request, and by force at once', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const config = fakeModel('one')
    const lease = await loader.acquire(config)
    const unloaded = loader.unload('one')
    assert.equal(loader.loaded()[0]?.phase, 'stopping')
    const next = loader.acquire(config)
    assert.equal(await readAll(lease, 'to the end'), 'to the end')
    lease[Symbol.dispose]()
    assert.equal(await unloaded, true)
    using second = await next
    assert.equal(watch.starts, 2)

    await watch.nextStart()
    const backend = await watch.nextStart()
    const hanging = readAll(second, script({ tokens: 1, end: 'hang' }))
    const failed = assert.rejects(hanging, codeIs('backend.died', /was stopped/))
    await backend.next('hanging')
    assert.equal(await loader.unload('one', { force: true }), true)
    await failed
    await backend.gone
  })

  it('ends everything when the node stops, whatever it is doing, and takes no more', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    const busy = await loader.acquire(fakeModel('busy'))
    const first = await watch.nextStart()
    const failed = assert.rejects(readAll(busy, script({ tokens: 1, end: 'hang' })), codeIs('backend.died'))
    await first.next('hanging')
    const loading = assert.rejects(
      loader.acquire(fakeModel('loading', { options: ['load:hang'] })),
      codeIs('backend.load-failed'),
    )
    const second = await watch.nextStart()
    await second.next('hanging')
    await loader.stop()
    await Promise.all([failed, loading, first.gone, second.gone])
    await loader.stop()
    await assert.rejects(loader.acquire(fakeModel('busy')), codeIs('node.stopping'))
  })
})

describe('a node that has stopped', { timeout: 60_000 }, () => {
  it('loads nothing for those who were still waiting', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch)
    loader.configure({ serialRequests: true })
    using first = await loader.acquire(fakeModel('serial'))
    const inLine = assert.rejects(loader.acquire(fakeModel('serial')), codeIs('node.stopping'))
    loader.configure({ serialRequests: false })
    using _old = await loader.acquire(fakeModel('changed', { contextSize: 512 }))
    const changed = assert.rejects(loader.acquire(fakeModel('changed', { contextSize: 8 })), codeIs('node.stopping'))
    await loader.stop()
    first[Symbol.dispose]()
    await Promise.all([inLine, changed])
    assert.equal(watch.starts, 2)
    assert.deepEqual(loader.loaded(), [])
  })
})

describe('making room', { concurrency: 4, timeout: 60_000 }, () => {
  it('unloads the least recently used idle model', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], { maxActiveBackends: 2 })
    using _busy = await loader.acquire(fakeModel('busy'))
    ;(await loader.acquire(fakeModel('idle')))[Symbol.dispose]()
    await watch.nextStart()
    const idle = await watch.nextStart()
    using _third = await loader.acquire(fakeModel('third'))
    await idle.gone
    assert.deepEqual(
      loader.loaded().map((model) => model.id),
      ['busy', 'third'],
    )
  })

  it('waits for a busy model, within its time', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], {
      maxActiveBackends: 1,
      lruEvictionMaxRetries: 2,
      lruEvictionRetryIntervalMs: 100,
    })
    const busy = await loader.acquire(fakeModel('busy'))
    await assert.rejects(loader.acquire(fakeModel('next')), codeIs('node.overloaded', /no room for model next/))
    // The time that the busy one takes to end counts, and is not what this is about.
    loader.configure({ lruEvictionRetryIntervalMs: 10_000 })
    const waiting = loader.acquire(fakeModel('next'))
    busy[Symbol.dispose]()
    using lease = await waiting
    assert.equal(await readAll(lease, 'in'), 'in')
    assert.deepEqual(
      loader.loaded().map((model) => model.id),
      ['next'],
    )
  })

  it('throws a busy model out when told to', async () => {
    await using watch = await watchBackends()
    await using loader = fakeLoader(watch, [], { maxActiveBackends: 1, forceEvictionWhenBusy: true })
    using busy = await loader.acquire(fakeModel('busy'))
    const first = await watch.nextStart()
    const failed = assert.rejects(readAll(busy, script({ tokens: 1, end: 'hang' })), codeIs('backend.died'))
    await first.next('hanging')
    using lease = await loader.acquire(fakeModel('next'))
    await failed
    assert.equal(await readAll(lease, 'in'), 'in')
  })

  it('stops what is idle or stuck for too long, when the watchdog is on', async () => {
    await using watch = await watchBackends()
    const time = heldTime()
    await using loader = fakeLoader(watch, [], {
      deps: { clock: time.clock },
      enableWatchdogIdle: true,
      watchdogIdleTimeoutMs: 1_000,
      enableWatchdogBusy: true,
      watchdogBusyTimeoutMs: 5_000,
    })
    await loader.start()
    using stuck = await loader.acquire(fakeModel('stuck'))
    ;(await loader.acquire(fakeModel('idle')))[Symbol.dispose]()
    const first = await watch.nextStart()
    const second = await watch.nextStart()
    const failed = assert.rejects(readAll(stuck, script({ tokens: 1, end: 'hang' })), codeIs('backend.died'))
    await first.next('hanging')
    time.goOn(1_001)
    await second.gone
    assert.deepEqual(
      loader
        .loaded()
        .filter((model) => model.phase === 'ready')
        .map((model) => model.id),
      ['stuck'],
    )
    time.goOn(5_001)
    await failed
    await first.gone
  })

  it('stops what is stuck also while it waits to be unloaded', async () => {
    await using watch = await watchBackends()
    const time = heldTime()
    await using loader = fakeLoader(watch, [], {
      deps: { clock: time.clock },
      enableWatchdogBusy: true,
      watchdogBusyTimeoutMs: 5_000,
    })
    await loader.start()
    using stuck = await loader.acquire(fakeModel('stuck', { contextSize: 512 }))
    const first = await watch.nextStart()
    const failed = assert.rejects(readAll(stuck, script({ tokens: 1, end: 'hang' })), codeIs('backend.died'))
    await first.next('hanging')
    const next = loader.acquire(fakeModel('stuck', { contextSize: 1024 }))
    assert.equal(loader.loaded()[0]?.phase, 'stopping')
    time.goOn(5_001)
    await failed
    using lease = await next
    assert.equal(await readAll(lease, 'in'), 'in')
  })
})
