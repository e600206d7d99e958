// Nodes die, freeze, slow down and vanish while clients stream; is any answer lost, or another than it would have been?
//
//   node bench/chaos.ts [--seconds 60] [--rate 2] [--every 1] [--faults kill,freeze,unplug,slow,restart,entry]
//   node bench/chaos.ts --kills 1000 [--streams 4] [--down 1]
//     [--nodes 3] [--entries 2] [--keep 1] [--seed 1] [--tokens 200] [--prompts 2] [--machines] [--pause 1500]
//     [--model FILE] [--kinds SUBSTRING,...] [--history FILE] [--json FILE] [--logs FOLDER]
//
// Real processes on the loopback or, with --machines (root on Linux), on network namespaces of their own, where packets can
// be lost. First an undisturbed time gives the greedy answer to each request; every later answer must be that one. Mixed:
// clients send by the clock, whether or not earlier answers have come, and at each beat one more node or entry gets into
// trouble, as long as --keep nodes stay well. Kills: so many streams lose their node, each at a random event; who is killed
// loses all its streams, and comes back --down seconds later. A node answers four requests at a time: with more --streams
// than those who are left can take, the pauses are those of a queue. The exit code is 1 when an accepted answer was lost,
// had a wrong character, end, count or form, or when the pause at a kill was too long at p99.
//
// Another --model may have steps at which two tokens are nearly as likely. A node that goes on reads what was said in one
// pass, which rounds otherwise than token by token; where that decides, a right continuation is counted as wrong.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { needsNamespaces } from '../test/support/namespaces.ts'
import { seededRandom } from '../test/support/random.ts'
import { steadyLlama } from '../test/support/tiny-models.ts'
import { FAULTS, type Fault } from './support/chaos-faults.ts'
import { kindsOf } from './support/chaos-kinds.ts'
import { createKiller, type Killer, runMixed } from './support/chaos-modes.ts'
import { type ChaosNetwork, startChaosNetwork } from './support/chaos-network.ts'
import { collectReferences } from './support/chaos-references.ts'
import { createRun, type HistoryLine } from './support/chaos-run.ts'
import { missedTargets, summarize } from './support/chaos-summary.ts'
import { round } from './support/measure.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '2' },
    every: { type: 'string', default: '1' },
    faults: { type: 'string', default: FAULTS.join(',') },
    kills: { type: 'string' },
    streams: { type: 'string', default: '4' },
    down: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '3' },
    entries: { type: 'string', default: '2' },
    keep: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '200' },
    prompts: { type: 'string', default: '2' },
    machines: { type: 'boolean', default: false },
    pause: { type: 'string', default: '1500' },
    model: { type: 'string' },
    kinds: { type: 'string' },
    history: { type: 'string', default: join(tmpdir(), `chaos-${process.pid}.jsonl`) },
    json: { type: 'string' },
    logs: { type: 'string' },
  },
})
/** Also the name of its file: there is no other configuration. */
const MODEL = 'chaos.gguf'
const LATE_MS = 30_000
const PATIENCE_MS = 90_000
const tokens = Number(options.tokens)

process.exitCode = await main()

async function main(): Promise<number> {
  if (options.machines && needsNamespaces.skip !== undefined) throw new Error(needsNamespaces.skip)
  const faults = readFaults()
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  await using network = await startChaosNetwork({
    nodes: Number(options.nodes),
    entries: Number(options.entries),
    model: MODEL,
    file: options.model ?? (await steadyLlama()),
    machines: options.machines,
  })
  // Frozen processes would outlive this one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void network[Symbol.asyncDispose]().then(() => process.exit(130)))
  say(`${network.nodes.length} nodes and ${network.entries.length} entries are one network`)
  const wanted = options.kinds?.split(',')
  const kinds = kindsOf(MODEL, tokens).filter(({ name }) => wanted?.some((part) => name.includes(part)) ?? true)
  const { requests, unstable } = await collectReferences({
    entries: network.entries,
    kinds,
    prompts: Number(options.prompts),
    minTokens: tokens / 3,
    twice: true,
    onFound: (kind) => say(`${(performance.now() / 1000).toFixed(1)} s: ${kind} is known`),
  })
  say(
    `${requests.length} known requests; ${unstable.length} whose answer is not always the same: ${unstable.join(', ')}`,
  )

  const history: HistoryLine[] = []
  const file = openSync(options.history, 'w')
  const run = createRun(network, {
    lateMs: LATE_MS,
    patienceMs: PATIENCE_MS,
    take(line) {
      history.push(line)
      writeSync(file, `${JSON.stringify(line)}\n`)
    },
  })
  const parts = { network, run, requests, random: seededRandom(Number(options.seed)), keep: Number(options.keep) }
  const figures =
    options.kills === undefined
      ? await runMixed(parts, {
          durationMs: Number(options.seconds) * 1000,
          perSecond: Number(options.rate),
          faultEveryMs: Number(options.every) * 1000,
          faults,
        })
      : await killUntil(Number(options.kills), createKiller(parts, { downMs: Number(options.down) * 1000 }))
  const seconds = run.now() / 1000
  closeSync(file)
  if (options.logs !== undefined) keepLogs(network, options.logs)

  const summary = summarize(history)
  const missed = missedTargets(summary, { pauseMs: Number(options.pause) })
  console.table([summary.total, ...summary.faults])
  console.table(summary.kinds)
  const machine = { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version }
  const whole = { machine, options, seconds: Math.round(seconds), unstable, ...figures, ...summary, missed }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(whole, undefined, 2)}\n`)
  console.log(JSON.stringify(whole))
  console.log(`history: ${options.history}`)
  for (const target of missed) console.log(`missed: ${target}`)
  return missed.length === 0 ? 0 : 1
}

async function killUntil(wanted: number, killer: Killer): Promise<Readonly<Record<string, number>>> {
  const began = performance.now()
  while (killer.cuts < wanted) {
    await killer.round(Math.min(Number(options.streams), wanted - killer.cuts))
    process.stderr.write(`${killer.cuts} streams have lost their node\n`)
  }
  const { kills, cuts } = killer
  const minutes = (performance.now() - began) / 60_000
  return { kills, cuts, killsPerMinute: round(kills / minutes, 1), cutsPerMinute: round(cuts / minutes, 1) }
}

function readFaults(): readonly Fault[] {
  const named = options.faults.split(',')
  const unknown = named.find((name) => !FAULTS.some((fault) => fault === name))
  if (unknown !== undefined) throw new Error(`no fault ${unknown}; there are ${FAULTS.join(', ')}`)
  const faults = FAULTS.filter((fault) => named.includes(fault))
  if (options.machines || !faults.includes('unplug')) return faults
  process.stderr.write('packets are not dropped: that needs --machines\n')
  return faults.filter((fault) => fault !== 'unplug')
}

/** One file for each process that ran. */
function keepLogs(network: ChaosNetwork, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, logs] of network.logs()) {
    for (const [index, log] of logs.entries()) {
      const text = log.map((line) => `${JSON.stringify(line)}\n`).join('')
      writeFileSync(join(folder, `${name}-${index}.jsonl`), text)
    }
  }
}
