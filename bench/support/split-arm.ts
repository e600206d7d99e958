import { fileURLToPath } from 'node:url'
import { createBackendCatalog } from '../../src/backends/backend-catalog.ts'
import { createModelLoader } from '../../src/backends/model-loader.ts'
import type { ModelConfig } from '../../src/models/model-config.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { openWorkerSockets } from '../../src/workers/lease/worker-sockets.ts'
import { createPlacer } from '../../src/workers/placement/create-placer.ts'
import { readDeviceFacts } from '../../src/workers/program/device-facts.ts'
import { engineEnvironment } from '../../src/workers/program/engine-environment.ts'
import { createWorkerProgram } from '../../src/workers/program/worker-program.ts'
import { createCarryEngine } from '../../src/workers/wire/carry-engine.ts'
import { createGuardWorker } from '../../src/workers/wire/guard-worker.ts'
import type { WorkerLease, WorkerPool } from '../../src/workers/worker-pool.ts'
import type { DeviceFacts, LlamaRpc } from '../../src/workers/worker-process.ts'
import type { CarryEngine, WeightStore } from '../../src/workers/worker-stream.ts'
import { fakeModel } from '../../test/support/fake-backend/fixture.ts'
import { median } from './measure.ts'
import { socketPair } from './socket-pair.ts'
import { farAway } from './worker-links.ts'

export interface SplitArm {
  readonly workers: number
  /** One way, on top of what this machine needs. */
  readonly delayMs: number
  /** Without our carrier and guard: the engine's socket is joined to the worker's. */
  readonly bare?: boolean
  readonly weights?: WeightStore
  /** Where the workers are, instead of in this process. */
  readonly pool?: WorkerPool
}

export interface SplitSample {
  readonly loadSeconds: number
  readonly predictedTokensPerSecond: number
  readonly tokensPerSecond: number
  readonly weightBytes: number
  readonly cachedWeightBytes: number
}

export interface SplitBench {
  readonly llamaRpc: LlamaRpc
  readonly modelFile: string
  readonly tokens: number
  readonly rounds: number
}

const GIGABYTE = 1e9
const log = createLogger({ level: 'silent', format: 'json' })
/** The engine's bytes to the stream and back, unread. */
const joinEnds: CarryEngine = async ({ engine, stream }) => {
  engine.pipe(stream).pipe(engine)
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const end of [engine, stream]) end.on('error', () => {}).once('close', resolve)
  await promise
  engine.destroy()
  stream.destroy()
  return { type: 'client-left' }
}

export interface LoadedSplit extends AsyncDisposable {
  readonly loadSeconds: number
  readonly predictedTokensPerSecond: number
  readonly counts: { readonly weightBytes: number; readonly cachedWeightBytes: number }
  /** Tokens per second of one answer, its first token not counted. */
  answer(): Promise<number>
}

/** One load over so many real workers of this machine, and some answers. */
export async function measureSplit(bench: SplitBench, arm: SplitArm): Promise<SplitSample> {
  await using loaded = await loadSplit(bench, arm)
  const speedsSeen: number[] = []
  for (let round = 0; round < bench.rounds; round += 1) speedsSeen.push(await loaded.answer())
  const { loadSeconds, predictedTokensPerSecond, counts } = loaded
  return { loadSeconds, predictedTokensPerSecond, ...counts, tokensPerSecond: median(speedsSeen) }
}

export async function loadSplit(bench: SplitBench, arm: SplitArm): Promise<LoadedSplit> {
  const counts = { weightBytes: 0, cachedWeightBytes: 0 }
  // As it is now: the speed of shared machines drifts from minute to minute.
  const facts = await readDeviceFacts(bench.llamaRpc, 1)
  const placer = createPlacer(
    {
      ...{ log, at: async () => undefined, measure: async () => {}, others: () => [], now: Date.now },
      pool: () => arm.pool ?? poolOf({ ...bench, facts }, arm, counts),
      home: () => ({ id: 'here', name: 'here', memoryBytes: 8 * GIGABYTE, roundTripMs: 0, ...speeds(facts) }),
      async connect(leases, weights) {
        const carry = () => (arm.bare === true ? joinEnds : createCarryEngine({ pieces: true }))
        const sockets = await openWorkerSockets({ carry }, leases)
        return {
          environment: engineEnvironment(bench.llamaRpc, { socketFolder: sockets.folder, weights }),
          lost: sockets.lost,
          [Symbol.asyncDispose]: async () => await sockets[Symbol.asyncDispose](),
        }
      },
    },
    { wishes: () => ({}), parallel: 1 },
  )
  const main = fileURLToPath(new URL('../../src/builtin/llama-cpp/main.ts', import.meta.url))
  const args = [main, '--engine', 'node-llama-cpp', '--parallel', '1']
  const loader = createModelLoader(
    {
      ...{ log, validate: async () => {}, place: placer.place },
      catalog: createBackendCatalog({
        builtins: [{ name: 'llama-cpp', command: process.execPath, args }],
        external: [],
      }),
    },
    { environment: process.env, modelsPath: '/nowhere' },
  )
  await using held = new AsyncDisposableStack()
  held.defer(async () => await loader.stop())
  const began = performance.now()
  const lease = held.use(await loader.acquire(toConfig(bench, arm)))
  const loadSeconds = (performance.now() - began) / 1000
  const predictedTokensPerSecond = placer.placed()[0]?.plan.tokensPerSecond ?? 0
  const kept = held.move()
  return {
    ...{ loadSeconds, predictedTokensPerSecond, counts },
    async answer() {
      const times: number[] = []
      const request = { Prompt: 'The node joins', Tokens: bench.tokens, Temperature: 0, IgnoreEOS: true }
      for await (const _reply of lease.client.predictStream(request)) times.push(performance.now())
      return ((bench.tokens - 1) * 1000) / ((times.at(-1) ?? 0) - (times[0] ?? 0))
    },
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

function toConfig({ modelFile }: SplitBench, { workers }: SplitArm): ModelConfig {
  const options = workers === 0 ? ['split:off'] : [`workers:${names(workers).join()}`]
  return fakeModel('mid', { backend: 'llama-cpp', modelFile, contextSize: 512, options })
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `w${index}`)
const speeds = ({ weightBytesPerSecond }: DeviceFacts) => ({ weightBytesPerSecond })

function poolOf(
  bench: SplitBench & { readonly facts: DeviceFacts },
  { workers, delayMs, bare = false, weights }: SplitArm,
  counts: { weightBytes: number; cachedWeightBytes: number },
): WorkerPool {
  const { llamaRpc } = bench
  const program = createWorkerProgram({ log }, { llamaRpc })
  const guard = createGuardWorker({ pieces: true })
  return {
    list: () =>
      names(workers).map((name) => ({
        ...{ peerId: name, name, path: 'direct', protocol: llamaRpc.protocol, build: llamaRpc.build, device: 'CPU' },
        ...{ memoryBytes: GIGABYTE, busy: false, waiting: 0, roundTripMs: 2 * delayMs, ...speeds(bench.facts) },
      })),
    async lease(peerId, { memoryBytes }) {
      const worker = await program.start({ memoryBytes, threads: 1 })
      const over = Promise.withResolvers<void>()
      void worker.ended.then(() => over.resolve())
      const [user, face] = await socketPair()
      if (bare) worker.socket.pipe(face).pipe(worker.socket)
      else {
        const limits = { memoryBytes, stallTimeoutMs: 60_000 }
        void guard({ client: face, worker: worker.socket }, { limits, weights }).then(() => worker.stop())
      }
      const lease: WorkerLease = {
        ...{ peerId, name: peerId, stream: farAway(user, delayMs), over: over.promise, takesHashes: true },
        events: {
          weights({ bytes, cached }) {
            counts.weightBytes += bytes
            if (cached) counts.cachedWeightBytes += bytes
          },
        },
        async [Symbol.asyncDispose]() {
          user.destroy()
          await worker.stop()
        },
      }
      return lease
    },
  }
}
