// Workers under attack and in trouble, with real processes on the loopback. Prints a table, and exits with 1 when something
// did not hold:
//   node test/soak/workers-hostile.ts [part of a name]
import { attackCases } from '../support/hostile-attacks.ts'
import { type HostileCase, withLlamaRpc } from '../support/hostile-case.ts'
import { failureCases } from '../support/hostile-failures.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'

const [wanted = ''] = process.argv.slice(2)
const found = await llamaRpcForTests()
if ('missing' in found) throw new Error(found.missing)

async function run({ name, what }: HostileCase): Promise<boolean> {
  const began = performance.now()
  const outcome = await what().then(
    (detail) => ({ held: true, detail }),
    (error: unknown) => ({
      held: false,
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  )
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${outcome.held ? 'held  ' : 'FAILED'} ${seconds.padStart(6)} s  ${name}: ${outcome.detail}\n`)
  return outcome.held
}

let failed = 0
for (const one of [...attackCases(withLlamaRpc(found)), ...failureCases(withLlamaRpc(found))]) {
  if (one.name.includes(wanted) && !(await run(one))) failed += 1
}
process.stdout.write(failed === 0 ? 'all held\n' : `${failed} did not hold\n`)
process.exitCode = failed === 0 ? 0 : 1
