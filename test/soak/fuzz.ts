// `node test/soak/fuzz.ts [--per-route 1000] [--seed 1] [--only 'an entry']`: many bad requests to every route of every
// face of the node. Prints what was wrong, and how the memory went; fails when something was.
import { parseArgs } from 'node:util'
import { everythingIsFree, heapAfterCollection, nothingIsHeld } from '../support/fuzz-aftermath.ts'
import { fuzz } from '../support/fuzz-run.ts'
import { TARGETS, WIDTH } from '../support/fuzz-targets.ts'

const { values } = parseArgs({
  options: {
    'per-route': { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const perRoute = Number(values['per-route'])
const TIMEOUT_MS = 60_000
const ROUNDS = 4

for (const [name, start] of Object.entries(TARGETS)) {
  if (values.only !== undefined && values.only !== name) continue
  await using target = await start()
  const startedAt = performance.now()
  const heaps: number[] = []
  const statuses = new Map<number, number>()
  let problems = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const seed = Number(values.seed) + round
    const result = await fuzz(target, { seed, perRoute: perRoute / ROUNDS, width: WIDTH, timeoutMs: TIMEOUT_MS })
    for (const problem of result.problems) say(`  ${problem}`)
    problems += result.problems.length
    for (const [status, count] of result.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count)
    await nothingIsHeld(target)
    heaps.push(Math.round((await heapAfterCollection()) / 1e5) / 10)
  }
  if (target.authorization !== undefined) await everythingIsFree(target, target.authorization)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  say(
    `${name}: ${target.routes.length} routes, ${seconds} s, ${problems} problems, heap MB ${heaps.join(' ')}; ${counts.join(', ')}`,
  )
  if (problems > 0) process.exitCode = 1
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
