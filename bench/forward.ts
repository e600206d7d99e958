// What it costs to go through another node: the same backend, the same run, rounds interleaved.
//
//   node bench/forward.ts [--quick] [--suites wire,node] [--rounds 5] [--seconds 1.5] [--connections 1,32,256]
//                         [--streams 1,64,512] [--json FILE]
//
//   direct   client -> server
//   member   client -> a node of a network, which serves locally (suite node)
//   entry    client -> `local-ai federated` -> member with the same server behind it
//   splice   client -> TCP splice over libp2p, a new stream for each connection (LocalAI's way) -> the direct server
//
// Suite wire: the server does next to nothing, so the way is all there is. Suite node: the server is a node with a scripted
// backend. Prints medians over the rounds; ratios and differences are taken round by round. The load generator, every node
// and the backend share the machine: absolute figures are those of a machine that does all of it at once.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Arm, type ArmName, nodeArms, wireArms } from './support/forward-arms.ts'
import { closedLoop, pacedStreams } from './support/load.ts'
import { cpuOfTree, median, percentile, round } from './support/measure.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    suites: { type: 'string', default: 'wire,node' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '1,32,256' },
    streams: { type: 'string', default: '1,64,512' },
    json: { type: 'string' },
  },
})
const SUITES = { wire: wireArms, node: nodeArms } as const
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
const durationMs = 1000 * Number(options.seconds ?? (options.quick ? 0.5 : 1.5))
const connectionCounts = listOf(options.connections)
const streamCounts = listOf(options.streams)
const EVERY_MS = 50
const WINDOW_MS = options.quick ? 2000 : 5000
/** Streams take long, and few rounds tell whether they keep up. */
const STREAM_ROUNDS = Math.min(rounds, 2)
const WARM_UP_MS = options.quick ? 2000 : 6000
const PATH = '/v1/chat/completions'
const SMALL = { model: 'bench', messages: [{ role: 'user', content: 'ok' }] }

interface Sample {
  readonly cell: string
  readonly arm: ArmName
  readonly values: Readonly<Record<string, number>>
}

const reports: Record<string, object> = {}
for (const [suite, start] of Object.entries(SUITES)) {
  if (options.suites.split(',').includes(suite)) reports[suite] = await measureSuite(suite, start)
}
const machine = { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version }
const whole = { machine, rounds, durationMs, everyMs: EVERY_MS, windowMs: WINDOW_MS, ...reports }
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(whole, undefined, 2)}\n`)
console.log(JSON.stringify(whole))

async function measureSuite(suite: string, start: (stack: AsyncDisposableStack) => Promise<readonly Arm[]>) {
  await using stack = new AsyncDisposableStack()
  const arms = await start(stack)
  const samples: Sample[] = []
  const note = (sample: Sample): void => {
    samples.push(sample)
    const figures = Object.entries(sample.values).map(([name, value]) => `${name} ${round(value, 2)}`)
    process.stderr.write(`${suite}, ${sample.cell}, ${sample.arm}: ${figures.join(', ')}\n`)
  }
  for (const arm of arms) await warmUp(arm)
  for (let at = 0; at < rounds; at += 1) await measureRequests(turned(arms, at), note)
  for (let at = 0; at < STREAM_ROUNDS; at += 1) await measureStreams(turned(arms, at), note)
  return summarize({ suite, samples, names: arms.map((arm) => arm.name) })
}

/** Compiles the hot paths (an entry doubles its speed over its first ten thousand requests) and opens what is kept open. */
async function warmUp(arm: Arm): Promise<void> {
  for (const keepAlive of [true, false]) {
    await closedLoop({ ...arm, path: PATH, body: SMALL }, { connections: 32, keepAlive, durationMs: WARM_UP_MS })
  }
}

async function measureRequests(arms: readonly Arm[], note: (sample: Sample) => void): Promise<void> {
  for (const keepAlive of [true, false]) {
    for (const connections of connectionCounts) {
      for (const arm of arms) {
        const cpu = cpuMeter(arm)
        const target = { ...arm, path: PATH, body: SMALL }
        const { latenciesMs, ...result } = await closedLoop(target, { connections, keepAlive, durationMs })
        const values = {
          requestsPerSecond: result.requestsPerSecond,
          p50Ms: median(latenciesMs),
          p99Ms: percentile(latenciesMs, 0.99),
          failures: result.failures,
          ...cpu.usedPer(result.requests),
        }
        note({ cell: requestsCell(connections, keepAlive), arm: arm.name, values })
      }
    }
  }
}

async function measureStreams(arms: readonly Arm[], note: (sample: Sample) => void): Promise<void> {
  for (const streams of streamCounts) {
    for (const arm of arms) {
      let cpu = cpuMeter(arm)
      let used: Readonly<Record<string, number>> = {}
      const onWindow = (edge: 'begin' | 'end'): void => {
        if (edge === 'begin') cpu = cpuMeter(arm)
        else used = cpu.usedPer((streams * WINDOW_MS) / EVERY_MS)
      }
      const init = { streams, everyMs: EVERY_MS, windowMs: WINDOW_MS, onWindow }
      const result = await pacedStreams({ ...arm, path: PATH }, init)
      const values = {
        p50Ms: median(result.delaysMs),
        p99Ms: percentile(result.delaysMs, 0.99),
        lastSecondP99Ms: percentile(result.lastDelaysMs, 0.99),
        shareOfTokens: result.tokens / result.expected,
        failures: result.failures,
        ...used,
      }
      note({ cell: streamsCell(streams), arm: arm.name, values })
    }
  }
}

/** The order turns with the round, so that nobody is always first. */
function turned(arms: readonly Arm[], at: number): readonly Arm[] {
  const cut = at % arms.length
  return [...arms.slice(cut), ...arms.slice(0, cut)]
}

/** CPU microseconds of each process of the arm, and of this generator, for one request or token. */
function cpuMeter(arm: Arm) {
  const read = (): readonly (readonly [string, number])[] =>
    Object.entries(arm.processes).map(([name, pid]) => [name, cpuOfTree(pid) * 1000] as const)
  const before = new Map(read())
  const own = process.cpuUsage()
  return {
    usedPer(count: number): Record<string, number> {
      const { user, system } = process.cpuUsage(own)
      const used: Record<string, number> = { generatorCpuUs: (user + system) / count }
      for (const [name, total] of read()) used[`${name}CpuUs`] = (total - (before.get(name) ?? 0)) / count
      return used
    },
  }
}

function summarize({
  suite,
  samples,
  names,
}: {
  suite: string
  samples: readonly Sample[]
  names: readonly ArmName[]
}) {
  const cells = [...new Set(samples.map((sample) => sample.cell))]
  const compare = comparisonOf(samples)
  const rows = cells.flatMap((cell) => names.map((arm) => ({ cell, arm, ...rowOf(compare, cell, arm) })))
  for (const cell of cells) {
    console.log(`\n${suite}: ${cell}`)
    console.table(rows.filter((row) => row.cell === cell).map(({ cell: _, ...row }) => row))
  }
  const one = requestsCell(1, true)
  const targets = {
    entryAddsMsAtOneConnection: round(compare.added(one, 'entry', 'p50Ms'), 3),
    requestsOverSpliceWithNewConnections: Object.fromEntries(
      connectionCounts.map((count) => [count, round(compare.ratio(requestsCell(count, false), 'entry', 'splice'), 2)]),
    ),
    addedMsPerToken: Object.fromEntries(
      streamCounts.map((count) => [count, round(compare.added(streamsCell(count), 'entry', 'p50Ms'), 3)]),
    ),
    streamsKeepUp: Object.fromEntries(
      names.map((arm) => [arm, streamCounts.filter((count) => compare.of(streamsCell(count), arm).every(keepsUp))]),
    ),
  }
  console.log(targets)
  return { targets, rows }
}

type Comparison = ReturnType<typeof comparisonOf>

/** Round by round, then the median of that. */
function comparisonOf(samples: readonly Sample[]) {
  const of = (cell: string, arm: ArmName): readonly Sample['values'][] =>
    samples.filter((sample) => sample.cell === cell && sample.arm === arm).map((sample) => sample.values)
  return {
    of,
    added(cell: string, arm: ArmName, name: string): number {
      const direct = of(cell, 'direct')
      return median(
        of(cell, arm).map((values, at) => (values[name] ?? Number.NaN) - (direct[at]?.[name] ?? Number.NaN)),
      )
    },
    ratio(cell: string, arm: ArmName, to: ArmName): number {
      const base = of(cell, to)
      const name = 'requestsPerSecond'
      return median(of(cell, arm).map((values, at) => (values[name] ?? Number.NaN) / (base[at]?.[name] ?? Number.NaN)))
    },
  }
}

function rowOf(compare: Comparison, cell: string, arm: ArmName): Readonly<Record<string, number>> {
  const rounds = compare.of(cell, arm)
  const names = [...new Set(rounds.flatMap((values) => Object.keys(values)))]
  const medians = names.map((name) => [name, median(rounds.map((values) => values[name] ?? Number.NaN))] as const)
  return Object.fromEntries(
    [
      ...medians,
      ['addedP50Ms', compare.added(cell, arm, 'p50Ms')] as const,
      ['addedP99Ms', compare.added(cell, arm, 'p99Ms')] as const,
      ...(names.includes('requestsPerSecond') ? [['ofDirect', compare.ratio(cell, arm, 'direct')] as const] : []),
    ].map(([name, value]) => [name, round(value, 2)]),
  )
}

/** All tokens came in their time, also in the last second. */
function keepsUp(values: Sample['values']): boolean {
  const { shareOfTokens = 0, lastSecondP99Ms = Number.NaN, failures = 0 } = values
  return shareOfTokens > 0.98 && lastSecondP99Ms < 1000 && failures === 0
}

function requestsCell(connections: number, keepAlive: boolean): string {
  return `${connections} connections, ${keepAlive ? 'kept' : 'new for each request'}`
}

function streamsCell(streams: number): string {
  return `${streams} streams of ${1000 / EVERY_MS} tokens a second`
}

function listOf(text: string): readonly number[] {
  return text.split(',').map(Number)
}
