// One model over several workers: how fast, as predicted and as measured, what stands between, and what a second load moves.
//
//   node bench/workers.ts [--workers 0,1,2,4] [--delays 0,5,20] [--tokens 48] [--rounds 3] [--pairs 3] [--json FILE]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger } from '../src/telemetry/logger.ts'
import { readDeviceFacts } from '../src/workers/program/device-facts.ts'
import { createWeightStore } from '../src/workers/wire/weight-store.ts'
import { llamaRpcForTests } from '../test/support/llama-rpc.ts'
import { midLlamaF16 } from '../test/support/tiny-models.ts'
import { round } from './support/measure.ts'
import { startNetworkPool } from './support/network-pool.ts'
import { measureSplit, type SplitArm, type SplitBench, type SplitSample } from './support/split-arm.ts'

const HELP = `One model of 71 M parameters (f16, 143 MB) over real workers of this machine, each with one thread.

  node bench/workers.ts [options]

  --workers 0,1,2,4   over how many; 0: on this machine alone
  --delays 0,5,20     milliseconds one way that are added between the engine and each worker
  --tokens 48         of each answer
  --rounds 3          answers; the median counts
  --pairs 3           times that one worker is measured bare, guarded and over a network, in turn
  --json FILE         all figures

All workers share this machine's cores. A pass goes through them one after the other, so that costs little.`

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    workers: { type: 'string', default: '0,1,2,4' },
    delays: { type: 'string', default: '0,5,20' },
    tokens: { type: 'string', default: '48' },
    rounds: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const numbers = (text: string): readonly number[] => text.split(',').map(Number)

interface Row extends SplitSample {
  readonly arm: string
}

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
  await compareTunnel(bench, measure)
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
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ facts, rows }, undefined, 2)}\n`)
}

/** The same worker in turn behind a bare socket, behind carrier and guard, and behind a network of two processes. */
async function compareTunnel(
  bench: SplitBench,
  measure: (arm: string, init: SplitArm) => Promise<void>,
): Promise<void> {
  await using pool = await startNetworkPool(bench.llamaRpc, 'w0')
  for (let round = 0; round < Number(options.pairs); round += 1) {
    await measure('1 worker, bare socket', { workers: 1, delayMs: 0, bare: true })
    await measure('1 worker, guarded', { workers: 1, delayMs: 0 })
    await measure('1 worker, network', { workers: 1, delayMs: 0, pool })
  }
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
