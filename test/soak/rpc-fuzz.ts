// Mutated sessions against what stands before a worker, for as long as one likes:
//   node test/soak/rpc-fuzz.ts [messages] [seed]
import { fuzzRpc } from '../support/rpc-fuzz.ts'

const [messages = 2_000_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number)
const chunk = 100_000
let passed = 0
for (let done = 0; done < messages; done += chunk) {
  const report = fuzzRpc({ seed: seed + done, messages: Math.min(chunk, messages - done) })
  passed += report.passed
  const heapMiB = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  process.stdout.write(
    `seed ${seed + done}: ${done + report.messages} messages, ${passed} let through, ${report.refused.size} reasons, ${heapMiB} MiB\n`,
  )
}
