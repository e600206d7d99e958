import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { AppError } from '../../src/base/errors.ts'
import { isProcessAlive } from '../../src/base/process-alive.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { askWorker } from '../../src/workers/program/ask-worker.ts'
import { engineEnvironment, workerSocket } from '../../src/workers/program/engine-environment.ts'
import { createWorkerProgram, type WorkerProgram } from '../../src/workers/program/worker-program.ts'
import type { LlamaRpc, WorkerProcess } from '../../src/workers/worker-process.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { gone, needsProc } from '../support/processes.ts'
import { tinyLlama } from '../support/tiny-models.ts'

const found = await llamaRpcForTests()
const skip = 'missing' in found && found.missing
const engine = fileURLToPath(new URL('../support/split-engine.ts', import.meta.url))
const starter = new URL('../../src/workers/program/start-worker.ts', import.meta.url).href
const run = promisify(execFile)
const limits = { threads: 1, memoryBytes: 256 * 1024 ** 2 }

describe('one model over the processes of workers', { skip, timeout: 60_000 }, () => {
  if ('missing' in found) return
  const llamaRpc = found
  const program = createWorkerProgram({ log: createLogger({ level: 'silent', format: 'json' }) }, { llamaRpc })

  it('generates the text that one process generates, with each layer where the weights put it', async () => {
    const modelPath = await tinyLlama()
    await using workers = await startWorkers(program, [3, 1])
    await using split = startEngine({ MODEL: modelPath, GPU_LAYERS: '4', ...workers.environment(llamaRpc) })
    await using whole = startEngine({ MODEL: modelPath })
    assert.deepEqual(await split.next(), { devices: ['worker 0', 'worker 1'] })
    assert.deepEqual(await whole.next(), { devices: [] })
    // Four layers and the output: the first stays here.
    assert.deepEqual(await split.next(), { places: { CPU: 1, RPC0: 3, RPC1: 1 } })
    assert.deepEqual(await whole.next(), { places: { CPU: 5 } })
    const text = await whole.next()
    assert.ok(String(text['text']).length > 10)
    assert.deepEqual(await split.next(), text)
    assert.deepEqual(await split.ended, [0, null])
    // Their user has gone, and so have they.
    const ends = await Promise.all(workers.started.map((worker) => worker.ended))
    assert.deepEqual(
      ends.map(({ code }) => code),
      [0, 0],
    )
  })

  it('ends the engine at once, by SIGABRT, when a worker is lost in the middle of an answer', async () => {
    await using workers = await startWorkers(program, [1, 1])
    await using split = startEngine({
      MODEL: await tinyLlama(),
      GPU_LAYERS: 'max',
      KEEP_GOING: '1',
      ...workers.environment(llamaRpc),
    })
    await split.next()
    await split.next()
    assert.ok('text' in (await split.next()))
    const [first, second] = workers.started
    await first?.stop()
    assert.deepEqual(await split.ended, [null, 'SIGABRT'])
    assert.equal((await first?.ended)?.signal, 'SIGKILL')
    // The other one served the same engine.
    assert.equal((await second?.ended)?.code, 0)
  })

  it('says which worker an engine could not reach', async () => {
    await using workers = await startWorkers(program, [1, 1])
    await rm(workerSocket(workers.folder, 1))
    await using split = startEngine({ MODEL: await tinyLlama(), GPU_LAYERS: 'max', ...workers.environment(llamaRpc) })
    assert.deepEqual(await split.ended, [null, 'SIGABRT'])
    assert.match(split.errors(), /worker 1 cannot be reached: No such file or directory/)
  })

  it('answers HELLO, and has no way out but its connection', async (context) => {
    const worker = await program.start(limits)
    context.after(async () => await worker.stop())
    const { protocol, devices } = await askWorker(worker.socket)
    assert.equal(protocol, llamaRpc.protocol)
    assert.equal(devices.length, 1)
    // Far above its limit: refused, and the worker lives.
    const wish = Buffer.alloc(21)
    wish.writeUInt8(12, 1)
    wish.writeBigUInt64LE(2n ** 33n, 13)
    worker.socket.write(wish)
    const [answer] = await once(worker.socket, 'data')
    assert.equal(answer.toString('hex'), `1000000000000000${'00'.repeat(16)}`)
    const status = await readFile(`/proc/${worker.pid}/status`, 'utf8')
    assert.match(status, /^Seccomp:\t2$/m)
    assert.match(status, /^NoNewPrivs:\t1$/m)
    assert.match(status, /^CapEff:\t0+$/m)
    // Of another user, as which this one may not read it, or of the same: nothing of ours is in it.
    const environment = await readFile(`/proc/${worker.pid}/environ`, 'utf8').catch(() => undefined)
    if (environment !== undefined) assert.equal(environment, 'LOCALAI_LIFELINE_FD=0\0')
    await worker.stop()
    await worker.stop()
    const { signal } = await worker.ended
    assert.equal(signal, 'SIGKILL')
  })

  it('can neither open, start nor reach anything from inside its sandbox', needsProc, async () => {
    const { stdout } = await run(llamaRpc.program, ['--self-test', '--libs', llamaRpc.librariesDir], { env: {} })
    const { memory, thread, root, ...refused } = JSON.parse(stdout)
    assert.deepEqual({ memory, thread, root }, { memory: 'ok', thread: 'ok', root: 'no' })
    const names = ['open', 'create', 'unlink', 'socket', 'connect', 'listen', 'execute', 'fork', 'signal', 'trace']
    const expected = [...names, 'limit', 'execute memory'].map((name) => [name, 'Operation not permitted'])
    assert.deepEqual(refused, Object.fromEntries(expected))
  })

  it('ends with the process that started it, however that one ends', needsProc, async () => {
    const words = { program: JSON.stringify(llamaRpc), limits: JSON.stringify(limits) }
    const source = `import { startWorker } from ${JSON.stringify(starter)}
      const worker = await startWorker(${words.program}, ${words.limits})
      process.stdout.write(worker.pid + '\\n')`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    assert.ok(isProcessAlive(Number(line)))
    parent.kill('SIGKILL')
    await gone(Number(line))
  })

  it('measures how fast it reads weights', async () => {
    const facts = await program.facts(1)
    const types = ['bf16', 'f16', 'f32', 'q4_0', 'q4_K', 'q5_K', 'q6_K', 'q8_0']
    assert.deepEqual(Object.keys(facts.weightBytesPerSecond).sort(), types)
    for (const speed of Object.values(facts.weightBytesPerSecond)) assert.ok(speed > 1e7 && speed < 1e13, `${speed}`)
    assert.ok(facts.memoryFreeBytes > 0 && facts.memoryFreeBytes <= facts.memoryTotalBytes)
  })

  it('does not start without its libraries, and says why', async () => {
    const broken = createWorkerProgram(
      { log: createLogger({ level: 'silent', format: 'json' }) },
      { llamaRpc: { ...llamaRpc, librariesDir: tmpdir() } },
    )
    await assert.rejects(broken.start(limits), (error) => {
      assert.ok(error instanceof AppError && error.code === 'backend.start-failed', String(error))
      return /no backend of ggml in/.test(error.message)
    })
  })
})

type Fact = Readonly<Record<string, unknown>>

/** Sockets in a private folder, and behind each a worker of its own that starts when the engine connects. */
async function startWorkers(program: WorkerProgram, weights: readonly number[]) {
  const folder = await mkdtemp(join(tmpdir(), 'llama-rpc-'))
  const started: WorkerProcess[] = []
  const servers = await Promise.all(
    weights.map(async (_weight, index) => {
      const server = createServer(async (engine) => {
        engine.on('error', () => {})
        const worker = await program.start(limits)
        assert.equal(started[index], undefined, 'an engine connects once')
        started[index] = worker
        engine.pipe(worker.socket).pipe(engine)
        worker.socket.once('close', () => engine.destroy())
      })
      await new Promise<void>((resolve) => server.listen(workerSocket(folder, index), resolve))
      return server
    }),
  )
  const environment = (llamaRpc: LlamaRpc): Record<string, string> =>
    engineEnvironment(llamaRpc, { socketFolder: folder, weights })
  return {
    folder,
    started,
    environment,
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(async (worker) => await worker.stop()))
      for (const server of servers) server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startEngine(environment: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(process.execPath, [engine], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  assert.ok(child.stdout !== null)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let errors = ''
  child.stderr?.on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close')
  return {
    ended,
    errors: () => errors,
    async next(): Promise<Fact> {
      const line = await lines.next()
      assert.ok(line.done !== true, `the engine ended: ${errors}`)
      return JSON.parse(line.value)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
