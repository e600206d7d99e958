// Our HTTP path against a bare llama-server: the same model, the same options, the same run, rounds interleaved.
//
//   node bench/http-path.ts [--model FILE] [--rounds 5] [--tokens 128] [--streams 1,8] [--threads N] [--json FILE]
//
// `--threads`: of both engines; default: all cores. With one less, what lies around the engine has a core to itself.
// Prints a table of medians with the ratio to llama-server, pair by pair, then one JSON object. Throughput is tokens a
// second over all streams; the first byte is measured with one stream of one token; CPU is of the whole process tree.
// Absolute figures drift on shared machines: read the ratios.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, homedir, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findEnginePackage } from '../src/gallery/engine-package.ts'
import { buildLlamaServer, findLlamaServer } from '../src/gallery/llama-server/build-llama-server.ts'
import { startLocalAi } from '../test/support/local-ai.ts'
import { midLlama } from '../test/support/tiny-models.ts'
import { startTelling } from './support/gateway-processes.ts'
import { cpuOfTree, freePort, median, round, streamOnce } from './support/measure.ts'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '128' },
    streams: { type: 'string', default: '1,8' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const tokens = Number(options.tokens)
const streamCounts = options.streams.split(',').map(Number)
const parallel = Math.max(...streamCounts)
const contextSize = 512
const WARM_UP_ROUNDS = 3
const WARM_UP_REQUESTS = 200
const threads = Number(options.threads)

interface Candidate {
  readonly name: string
  readonly url: string
  /** Whose CPU counts, with all that they have started. */
  readonly pids: readonly number[]
}

interface Sample {
  readonly tokensPerSecond: number
  readonly cpuMsPerToken: number
  readonly firstByteMs: number
}

const model = resolve(options.model ?? (await midLlama()))
const folder = mkdtempSync(join(tmpdir(), 'local-ai-bench-'))
mkdirSync(join(folder, 'models'))
symlinkSync(model, join(folder, 'models', basename(model)))
const bare = await startLlamaServer()
await using ours = await startOurs('auto')
await using node = await startOurs('node-llama-cpp')
await using proxies = new AsyncDisposableStack()
try {
  const candidates: readonly Candidate[] = [
    ...(bare === undefined
      ? []
      : [{ name: 'llama-server', url: `${bare.url}/v1/completions`, pids: [bare.child.pid ?? 0] }]),
    { name: 'local-ai (engine it chose)', url: `${ours.url}/v1/completions`, pids: [ours.pid] },
    { name: 'local-ai (node-llama-cpp)', url: `${node.url}/v1/completions`, pids: [node.pid] },
    ...(bare === undefined ? [] : [await behindProxies(proxies, bare)]),
  ]
  // A server that has been up for a while: the hot paths are compiled.
  for (const candidate of candidates) {
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await streamAll(candidate, parallel)
    for (let count = 0; count < WARM_UP_REQUESTS; count += 1) await streamOnce(candidate.url, body(1))
  }
  const results = await measureAll(candidates)
  print(candidates, results)
} finally {
  bare?.child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}

async function measureAll(candidates: readonly Candidate[]): Promise<Map<string, Sample[]>> {
  const results = new Map<string, Sample[]>()
  for (const streams of streamCounts) {
    for (let round = 0; round < rounds; round += 1) {
      // The order turns with the round, so that nobody is always first.
      for (const index of candidates.keys()) {
        const candidate = candidates[(index + round) % candidates.length]
        if (candidate === undefined) continue
        const key = `${candidate.name}|${streams}`
        results.set(key, [...(results.get(key) ?? []), await measure(candidate, streams)])
      }
      process.stderr.write(`${streams} streams: round ${round + 1} of ${rounds}\n`)
    }
  }
  return results
}

async function measure(candidate: Candidate, streams: number): Promise<Sample> {
  const first = median(await firstBytes(candidate))
  const cpu = cpuOf(candidate)
  const started = performance.now()
  await streamAll(candidate, streams)
  const elapsedMs = performance.now() - started
  const generated = streams * tokens
  return {
    tokensPerSecond: (1000 * generated) / elapsedMs,
    cpuMsPerToken: (cpuOf(candidate) - cpu) / generated,
    firstByteMs: first,
  }
}

function cpuOf({ pids }: Candidate): number {
  return pids.reduce((sum, pid) => sum + cpuOfTree(pid), 0)
}

/** Several, one after the other: a single one may meet whatever else runs on the machine. */
async function firstBytes(candidate: Candidate): Promise<number[]> {
  const samples: number[] = []
  for (let index = 0; index < 5; index += 1) samples.push((await streamOnce(candidate.url, body(1))).firstByteMs)
  return samples
}

async function streamAll(candidate: Candidate, streams: number): Promise<void> {
  await Promise.all(Array.from({ length: streams }, () => streamOnce(candidate.url, body(tokens))))
}

function body(maxTokens: number): unknown {
  return {
    model: basename(model),
    prompt: 'The node joins',
    max_tokens: maxTokens,
    temperature: 0,
    ignore_eos: true,
    stream: true,
  }
}

function print(candidates: readonly Candidate[], results: ReadonlyMap<string, readonly Sample[]>): void {
  const reference = candidates[0]
  const rows = streamCounts.flatMap((streams) =>
    candidates.map((candidate) => {
      const samples = results.get(`${candidate.name}|${streams}`) ?? []
      const base = results.get(`${reference?.name}|${streams}`) ?? []
      const of = (pick: (sample: Sample) => number): number => median(samples.map(pick))
      return {
        candidate: candidate.name,
        streams,
        tokensPerSecond: round(
          of((sample) => sample.tokensPerSecond),
          1,
        ),
        ratio: round(
          median(samples.map((sample, index) => sample.tokensPerSecond / (base[index]?.tokensPerSecond ?? Number.NaN))),
          3,
        ),
        cpuMsPerToken: round(
          of((sample) => sample.cpuMsPerToken),
          2,
        ),
        firstByteMs: round(
          of((sample) => sample.firstByteMs),
          2,
        ),
        firstByteOverReferenceMs: round(
          median(samples.map((sample, index) => sample.firstByteMs - (base[index]?.firstByteMs ?? Number.NaN))),
          2,
        ),
      }
    }),
  )
  console.table(rows)
  const report = {
    model: basename(model),
    cpu: cpus()[0]?.model,
    threads,
    rounds,
    tokens,
    reference: reference?.name,
    rows,
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
  console.log(JSON.stringify(report))
}

async function startOurs(engine: string) {
  const config = {
    name: basename(model),
    backend: 'llama-cpp',
    parameters: { model: basename(model) },
    context_size: contextSize,
    threads,
    options: [`parallel:${parallel}`, ...(engine === 'auto' ? [] : [`engine:${engine}`])],
  }
  const own = mkdtempSync(join(folder, 'node-'))
  mkdirSync(join(own, 'models'))
  symlinkSync(model, join(own, 'models', basename(model)))
  writeFileSync(join(own, 'models', 'bench.yaml'), JSON.stringify(config))
  return await startLocalAi({ folder: own, environment: { LOCALAI_LLAMA_CPP_ENGINE: engine } })
}

/**
 * As many processes of Node.js between client and llama-server as there are with us, and nothing in them but the passing on:
 * nobody who goes through two processes can be nearer to the bare one.
 */
async function behindProxies(
  stack: AsyncDisposableStack,
  bare: { readonly url: string; readonly child: ChildProcess },
): Promise<Candidate> {
  const file = fileURLToPath(new URL('./support/plain-proxy.ts', import.meta.url))
  const pids = [bare.child.pid ?? 0]
  let port = new URL(bare.url).port
  for (let hops = 0; hops < 2; hops += 1) {
    const { line, pid } = await startTelling(stack, { command: process.execPath, words: [file, port] })
    port = line
    pids.push(pid)
  }
  return { name: 'two plain proxies', url: `http://127.0.0.1:${port}/v1/completions`, pids }
}

/** A llama-server of the same build, alone; undefined when there is none and none can be built. */
async function startLlamaServer(): Promise<{ url: string; child: ChildProcess } | undefined> {
  const init = { cacheDir: join(homedir(), '.cache', 'local-ai') }
  const binary = await findOrBuild(init)
  if (binary === undefined) return undefined
  const port = await freePort()
  const words = ['-m', model, '--host', '127.0.0.1', '--port', String(port), '-c', String(contextSize * parallel)]
  const more = ['-np', String(parallel), '-t', String(threads), '--no-webui', '--log-disable']
  const child = spawn(binary, [...words, ...more], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const deadline = AbortSignal.timeout(60_000)
  for (;;) {
    if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`)
    deadline.throwIfAborted()
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok === true) return { url, child }
  }
}

async function findOrBuild(init: { cacheDir: string }): Promise<string | undefined> {
  const found = await findLlamaServer(init)
  if (found !== undefined) return found.binary
  if (findEnginePackage({ cachePath: init.cacheDir }) === undefined) return undefined
  try {
    return (await buildLlamaServer(init)).binary
  } catch (error) {
    console.error(`llama-server cannot be built here, so there is nothing to compare with: ${String(error)}`)
    return undefined
  }
}
