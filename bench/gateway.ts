// What a gateway costs: the same load, from the same program, on the same server, through each of them in turn.
//
//   node bench/gateway.ts [--rounds 3] [--seconds 2] [--connections 1,10,16,128] [--arms direct,attached,entry,…]
//                         [--answers whole,streamed] [--chunks 64] [--venv DIR] [--nginx FILE] [--haproxy FILE]
//                         [--entry=WORDS] [--profile FOLDER] [--quick] [--json FILE]
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  ARM_NAMES,
  ARMS,
  type Arm,
  type ArmName,
  HOW_TO_MAKE_VENV,
  missing,
  startPeer,
} from './support/gateway-arms.ts'
import { putUnderLoad } from './support/gateway-load.ts'
import { compile, createFolder, startTelling, writeRequest } from './support/gateway-processes.ts'
import { readProfile } from './support/gateway-profile.ts'
import { type GatewaySample, printRows, printVerdicts, toRows, verdicts } from './support/gateway-report.ts'
import { round } from './support/measure.ts'

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '1,10,16,128' },
    arms: { type: 'string', default: ARM_NAMES.join(',') },
    answers: { type: 'string', default: 'whole,streamed' },
    chunks: { type: 'string', default: '64' },
    venv: { type: 'string' },
    nginx: { type: 'string', default: 'nginx' },
    haproxy: { type: 'string', default: 'haproxy' },
    entry: { type: 'string', default: '' },
    profile: { type: 'string' },
    json: { type: 'string' },
  },
})
const HELP = `What a gateway costs: the same load on the same server, through each gateway in turn.

  node bench/gateway.ts [options]

  direct   the clients ask the mock upstream itself (C, one thread, one fixed answer)
  attached \`local-ai run --upstream\` with an API key: the mock is a backend of the node itself
  entry    \`local-ai federated\` with an API key, and a member behind it that answers the same bytes
  entries  as many of these as there are cores, which share their address (--shared-address)
  plain    Node's HTTP server and the same streams to the same member, and nothing between: what Node.js allows
  nginx    ) with a key check, a request log and kept connections; installed
  haproxy  ) with \`apt-get install nginx haproxy\`
  litellm  ) from a Python environment, which this program does not make:
  sglang   ) ${HOW_TO_MAKE_VENV}

  --rounds 3              in each, every arm is started, warmed up, measured and ended; the order turns
  --seconds 2             of each measurement
  --connections 1,10,16,128
  --arms ${ARM_NAMES.join(',')}
  --answers whole,streamed
  --chunks 64             events of a streamed answer
  --venv DIR              where LiteLLM and the SGLang router are
  --nginx FILE, --haproxy FILE
  --entry=WORDS           more arguments for our nodes, to see what one thing costs: --entry='--log-level error'
  --profile FOLDER        our node keeps a CPU profile there; its hottest functions are printed. Slows it down
  --quick                 one short round, to see whether everything works
  --json FILE             all samples

Gateways get no environment but PATH. To be sure that none of them calls anybody:
  unshare --net sh -c 'ip link set lo up && node bench/gateway.ts ...'
`
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3))
const durationMs = 1000 * Number(options.seconds ?? (options.quick ? 0.5 : 2))
const connectionCounts = options.connections.split(',').map(Number)
const chunks = Number(options.chunks)
/** Of each arm, by kind of answer. An entry doubles its speed over its first ten thousand requests. */
const WARM_UP_MS = options.quick ? 1000 : 5000
const SETTLE_MS = 200
const WARM_UP_CONNECTIONS = 32
const HOTTEST = 20

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const folder = createFolder(stack)
  const { nginx, haproxy, venv, profile } = options
  if (profile !== undefined) mkdirSync(profile, { recursive: true })
  const load = await compile(folder, 'http-load')
  const entryWords = options.entry.split(' ').filter((word) => word !== '')
  const mockProgram = await compile(folder, 'mock-upstream')
  const init = { mockProgram, chunks, nginx, haproxy, venv, profile, entryWords }
  const names = wantedArms()
  const skipped = new Map(names.flatMap((name) => [[name, missing(name, init)] as const]).filter(([, why]) => why))
  for (const [name, why] of skipped) console.error(`skipped: ${name} (${why})`)
  const present = names.filter((name) => !skipped.has(name))
  const samples: GatewaySample[] = []
  for (let at = 0; at < rounds; at += 1) {
    for (const name of turned(present, at).filter((each) => !skipped.has(each))) {
      await using running = new AsyncDisposableStack()
      const arm = await ARMS[name](running, init).catch((error: unknown) => {
        skipped.set(name, `it does not start: ${error instanceof Error ? error.message : error}`)
        console.error(`skipped: ${name} (${skipped.get(name)})`)
      })
      if (arm !== undefined) samples.push(...(await measureArm(name, arm, { load, folder })))
    }
  }
  const member = samples.some(({ arm }) => arm === 'entry') ? await ceilingOfMember() : undefined
  report({ samples, skipped: Object.fromEntries(skipped), member })
}

function wantedArms(): readonly ArmName[] {
  return options.arms.split(',').map((word) => {
    const name = ARM_NAMES.find((known) => known === word)
    if (name === undefined) throw new Error(`--arms: there is no ${word}; there are ${ARM_NAMES.join(', ')}`)
    return name
  })
}

/** The order turns with the round, so that nobody is always first. */
function turned(names: readonly ArmName[], at: number): readonly ArmName[] {
  const cut = at % names.length
  return [...names.slice(cut), ...names.slice(0, cut)]
}

async function measureArm(
  name: ArmName,
  arm: Arm,
  { load, folder }: { readonly load: string; readonly folder: string },
): Promise<readonly GatewaySample[]> {
  const samples: GatewaySample[] = []
  for (const answers of options.answers.split(',')) {
    const stream = answers === 'streamed'
    // The last event of a stream says why it ended, and some gateways say it with the one before.
    const least = stream ? chunks : 1
    const common = { program: load, requestFile: writeRequest(folder, stream), least }
    await putUnderLoad(arm, { ...common, connections: WARM_UP_CONNECTIONS, warmUpMs: WARM_UP_MS, durationMs: 0 })
    for (const connections of connectionCounts) {
      const { failure, ...figures } = await putUnderLoad(arm, {
        ...common,
        ...{ connections, warmUpMs: SETTLE_MS, durationMs },
      })
      samples.push({ arm: name, connections, stream, ...figures })
      const told = failure === '' ? '' : `; ${figures.failures} failures, the first: ${failure}`
      const rate = Math.round(figures.requestsPerSecond)
      const times = `p50 ${round(figures.p50Ms, 3)} ms, p99 ${round(figures.p99Ms, 3)} ms`
      console.error(`${name}, ${connections} connections${stream ? ', streamed' : ''}: ${rate} req/s, ${times}${told}`)
    }
  }
  return samples
}

/** What the member behind the entry does when another bare program of the network asks it. */
async function ceilingOfMember(): Promise<unknown> {
  await using stack = new AsyncDisposableStack()
  const { tokenFile, contact } = await startPeer(stack, chunks)
  const file = fileURLToPath(new URL('./support/gateway-peer-load.ts', import.meta.url))
  const words = [file, tokenFile, String(chunks), contact, '16', String(durationMs)]
  const { line } = await startTelling(stack, { command: process.execPath, words })
  return JSON.parse(line)
}

interface Report {
  readonly samples: readonly GatewaySample[]
  readonly skipped: Readonly<Record<string, string | undefined>>
  readonly member: unknown
}

function report({ samples, skipped, member }: Report): void {
  const rows = toRows(samples)
  const targets = verdicts(samples)
  printRows(rows)
  console.log('\nmember, asked over the network with 16 connections, no entry between:', member ?? 'not asked')
  for (const [name, why] of Object.entries(skipped)) console.log(`skipped: ${name} (${why})`)
  printVerdicts(targets)
  if (options.profile !== undefined) {
    const { functions, packages } = readProfile(options.profile)
    console.log('\nour nodes: time in functions themselves')
    console.table(functions.slice(0, HOTTEST))
    console.log('\nour nodes: time in packages')
    console.table(packages.slice(0, HOTTEST))
  }
  const machine = { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version }
  const whole = { machine, rounds, durationMs, chunks, skipped, member, targets, rows, samples }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(whole, undefined, 2)}\n`)
  else console.log(JSON.stringify({ machine, rounds, durationMs, chunks, skipped, member, targets, rows }))
}
