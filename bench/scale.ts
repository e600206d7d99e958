// How a network grows: so many members on the loopback of one machine.
//
//   node bench/scale.ts [--nodes 10,25,50] [--per-process 5] [--seconds 10] [--changes 10] [--json FILE]
//
// For each size: the time from starting a member until it is linked to all there are (each joins a network that stands,
// through the first member), bytes sent by a member in a second when nothing happens, memory and CPU of a member, and the
// time for a change of one member to be known by all. Members of one process share its memory and its event loop; all
// share the cores of the machine, so the times are upper bounds.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { newToken } from '../test/support/swarm.ts'
import { median, percentile, round } from './support/measure.ts'
import { type HostProcess, startHost } from './support/start-network-host.ts'

const { values: options } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10,25,50' },
    'per-process': { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    changes: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
})
const perProcess = Number(options['per-process'])
const idleMs = 1000 * Number(options.seconds)
const changes = Number(options.changes)
const SETTLE_MS = 3000

const rows: Readonly<Record<string, number>>[] = []
for (const count of options.nodes.split(',').map(Number)) rows.push(await measure(count))
console.table(rows)
const machine = { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version }
const whole = { machine, perProcess, idleMs, changes, rows }
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(whole, undefined, 2)}\n`)
console.log(JSON.stringify(whole))

async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  await using stack = new AsyncDisposableStack()
  const hosts: HostProcess[] = []
  while (hosts.length * perProcess < count) hosts.push(stack.use(await startHost()))
  const hostOf = new Map<string, HostProcess>()
  for (let index = 0; index < count; index += 1) {
    const host = hosts[Math.floor(index / perProcess)]
    if (host !== undefined) hostOf.set(`node-${index}`, host)
  }
  const joinMs = await joinAll(hostOf)
  process.stderr.write(`${count} members are one network\n`)
  await setTimeout(SETTLE_MS)
  const before = await Promise.all(hosts.map((host) => host.sample()))
  await setTimeout(idleMs)
  const after = await Promise.all(hosts.map((host) => host.sample()))
  const spreads: number[] = []
  for (let change = 0; change < changes; change += 1) spreads.push(...(await spread(hostOf, change)))
  const used = (name: 'sent' | 'cpuUs'): number =>
    after.reduce((total, sample, at) => total + sample[name] - (before[at]?.[name] ?? 0), 0) / count / (idleMs / 1000)
  const grown = after.reduce((total, sample, at) => total + sample.rss - (hosts[at]?.emptyRss ?? 0), 0) / count
  return {
    members: count,
    joinMsMedian: round(median(joinMs), 0),
    joinMsWorst: round(Math.max(...joinMs), 0),
    idleBytesPerSecond: round(used('sent'), 0),
    idleCpuPercent: round(used('cpuUs') / 10_000, 2),
    megabytes: round(grown / 1024 ** 2, 1),
    changeMsMedian: round(median(spreads), 1),
    changeMsP99: round(percentile(spreads, 0.99), 1),
    changeMsWorst: round(Math.max(...spreads), 1),
  }
}

/** One after the other; how long each took from its start until it had a link to all that were there. */
async function joinAll(hostOf: ReadonlyMap<string, HostProcess>): Promise<readonly number[]> {
  const token = await newToken()
  const joinMs: number[] = []
  let contact: string | undefined
  for (const [name, host] of hostOf) {
    const present = joinMs.length
    const began = performance.now()
    host.tell({ do: 'start', name, token, bootstrap: contact === undefined ? [] : [contact] })
    const started = await host.next('started', (report) => report.name === name)
    if (contact !== undefined) {
      await host.next('linked', (report) => report.name === name && report.peers > present)
      joinMs.push(performance.now() - began)
    }
    contact ??= started.contact
  }
  return joinMs
}

/** How long after a change each of the others knew of it. */
async function spread(hostOf: ReadonlyMap<string, HostProcess>, change: number): Promise<readonly number[]> {
  const members = [...hostOf]
  const model = `model-${change}`
  const [changing, host] = members[change % members.length] ?? []
  if (changing === undefined || host === undefined) return []
  host.tell({ do: 'advertise', name: changing, model })
  const { at } = await host.next('advertised', (report) => report.model === model)
  const heard = members
    .filter(([name]) => name !== changing)
    .map(([name, its]) => its.next('heard', (report) => report.name === name && report.model === model))
  return (await Promise.all(heard)).map((report) => (report.at - at) / 1000)
}
