// One model over several workers: how fast, as predicted and as measured, what stands between, and what a second load moves.
//
//   node bench/workers.ts [--workers 0,1,2,4] [--delays 0,5,20] [--tokens 48] [--rounds 3] [--pairs 12] [--json FILE]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger } from '../src/telemetry/logger.ts'
import { readDeviceFacts } from '../src/workers/program/device-facts.ts'
import { createWeightStore } from '../src/workers/wire/weight-store.ts'
import { llamaRpcForTests } from '../test/support/llama-rpc.ts'
import { midLlamaF16 } from '../test/support/tiny-models.ts'
import { median, round } from './support/measure.ts'
import { startNetworkPool } from './support/network-pool.ts'
import { loadSplit, measureSplit, type SplitArm, type SplitBench, type SplitSample } from './support/split-arm.ts'

const HELP = `One model of 71 M parameters (f16, 143 MB) over real workers of this machine, each with one thread.

  node bench/workers.ts [options]

  --workers 0,1,2,4   over how many; 0: on this machine alone
  --delays 0,5,20     milliseconds one way that are added between the engine and each worker
  --tokens 48         of each answer
  --rounds 3          answers; the median counts
  --pairs 12          times that one worker is measured bare, guarded and over a network, in turn; 0: not
  --json FILE         all figures

All workers share this machine's cores. A pass goes through them one after the other, so that costs little.`

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    workers: { type: 'string', default: '0,1,2,4' },
    delays: { type: 'string', default: '0,5,20' },
    tokens: { type: 'string', default: '48' },
    rounds: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '12' },
    json: { type: 'string' },
  },
})
const numbers = (text: string): readonly number[] => text.split(',').map(Number)

interface Row extends SplitSample {
  readonly arm: string
}

/** Tokens per second. */
type TunnelPair = Readonly<Record<'bare' | 'guarded' | 'network', number>>

async function main(): Promise<void> {
  const llamaRpc = await llamaRpcForTests()
  if ('missing' in llamaRpc) throw new Error(llamaRpc.missing)
  const bench: SplitBench = {
    llamaRpc,
    modelFile: await midLlamaF16(),
    tokens: Number(options.tokens),
    rounds: Number(options.rounds),
  }
  const facts = await readDeviceFacts(llamaRpc, 1)
  const rows: Row[] = []
  const measure = async (arm: string, init: SplitArm): Promise<void> => {
    const row = { arm, ...(await measureSplit(bench, init)) }
    rows.push(row)
    print(row)
  }
  console.log(`${cpus()[0]?.model}; f16 weights at ${round((facts.weightBytesPerSecond['f16'] ?? 0) / 1e9, 1)} GB/s\n`)
  console.log('arm                      tokens/s  predicted   error   load s   weights MB  of them cached')
  for (const workers of numbers(options.workers)) {
    const delays = workers === 0 ? [0] : numbers(options.delays)
    for (const delayMs of delays) await measure(`${workers} workers, ${delayMs} ms`, { workers, delayMs })
  }
  const pairs = await compareTunnel(bench)
  if (pairs.length > 0) console.log()
  const folder = mkdtempSync(join(tmpdir(), 'weights-'))
  try {
    const weights = createWeightStore(
      { log: createLogger({ level: 'silent', format: 'json' }) },
      { folder, maxBytes: 1e9 },
    )
    await weights.start()
    for (const time of ['first', 'second']) await measure(`${time} load, cache`, { workers: 1, delayMs: 0, weights })
    await weights.stop()
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ facts, rows, pairs }, undefined, 2)}\n`)
}

/**
 * A worker behind a bare socket, one behind carrier and guard, and one behind a network of two processes: all loaded, and
 * asked in turn, so that what the machine does meanwhile meets all of them. Ratios are of neighbours.
 */
async function compareTunnel(bench: SplitBench): Promise<readonly TunnelPair[]> {
  const pairs: TunnelPair[] = []
  const count = Number(options.pairs)
  if (count === 0) return pairs
  await using pool = await startNetworkPool(bench.llamaRpc, 'w0')
  await using bare = await loadSplit(bench, { workers: 1, delayMs: 0, bare: true })
  await using guarded = await loadSplit(bench, { workers: 1, delayMs: 0 })
  await using network = await loadSplit(bench, { workers: 1, delayMs: 0, pool })
  for (const loaded of [bare, guarded, network]) await loaded.answer()
  for (let pair = 0; pair < count; pair += 1) {
    pairs.push({ bare: await bare.answer(), guarded: await guarded.answer(), network: await network.answer() })
  }
  const cells = (arm: string, values: readonly number[], ratios: readonly number[]): string =>
    `${arm.padEnd(24)}${median(values).toFixed(1).padStart(9)}${median(ratios).toFixed(3).padStart(11)}  ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`
  console.log(`\none worker, ${count} times in turn  tokens/s   of bare (median, and each)`)
  for (const arm of ['bare', 'guarded', 'network'] as const) {
    console.log(
      cells(
        arm,
        pairs.map((pair) => pair[arm]),
        pairs.map((pair) => pair[arm] / pair.bare),
      ),
    )
  }
  return pairs
}

function print({ arm, ...sample }: Row): void {
  const error = (sample.predictedTokensPerSecond / sample.tokensPerSecond - 1) * 100
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
  const cells = [
    sample.tokensPerSecond.toFixed(1).padStart(9),
    sample.predictedTokensPerSecond.toFixed(1).padStart(11),
    `${error.toFixed(0)} %`.padStart(8),
    sample.loadSeconds.toFixed(1).padStart(9),
    megabytes(sample.weightBytes).padStart(13),
    megabytes(sample.cachedWeightBytes).padStart(16),
  ]
  console.log(`${arm.padEnd(24)}${cells.join('')}`)
}

if (options.help) console.log(HELP)
else await main()
