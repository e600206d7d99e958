// Which node gets which request: the program's own policies, bookings, queue, health and prefix index against LocalAI's rule,
// simpler ones and an oracle, in virtual time. Nodes are simulated with slots, speeds and a prompt cache, and tell their
// load twice a second.
//
//   node bench/routing.ts [--only equal-75,unequal-90,frozen] [--seconds 1000] [--seeds 1] [--json FILE]
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { SCENARIOS } from './support/sim-scenarios.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})
const only = options.only?.split(',')
const init = { seconds: Number(options.seconds), seeds: Number(options.seeds) }

const report: Record<string, unknown> = {}
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (only !== undefined && !only.includes(name)) continue
  const began = performance.now()
  const { about, rows, figures } = await scenario(init)
  console.log(`${name}: ${about} (${((performance.now() - began) / 1000).toFixed(0)} s)`)
  console.table(rows)
  console.log(JSON.stringify(figures))
  report[name] = { about, rows, figures }
}
const machine = { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version }
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine, ...init, report }, undefined, 2)}\n`)
}
