// Runs the suites in the order of how quickly they tell, and closes with one line that counts them all.
// Arguments: files or glob patterns to run instead of everything.
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

const TEST_TIMEOUT_MS = 180_000

process.chdir(fileURLToPath(new URL('../', import.meta.url)))

// Whoever runs the tests may have the product configured: the tests must not see it.
for (const name of Object.keys(process.env)) if (name.startsWith('LOCALAI_')) delete process.env[name]

// Processes with models in them share the cores badly (ggml spins), so only the unit tests run side by side.
const suites = [
  { name: 'unit', concurrency: availableParallelism() },
  { name: 'compliance', concurrency: 1 },
  { name: 'integration', concurrency: 1 },
  { name: 'e2e', concurrency: 1 },
]

const wanted = process.argv.slice(2)
const stages =
  wanted.length > 0
    ? [{ name: 'chosen', concurrency: 1, files: globSync(wanted) }]
    : suites.map((suite) => ({ ...suite, files: globSync(`test/${suite.name}/**/*.test.ts`).sort() }))

const total = { passed: 0, failed: 0, skipped: 0 }
for (const { name, concurrency, files } of stages) {
  if (files.length === 0) continue
  const started = performance.now()
  console.log(`\n▸ ${name} tests (${files.length} files)`)
  const counts = await runStage(files, concurrency)
  total.passed += counts.passed
  total.failed += counts.failed + counts.cancelled
  total.skipped += counts.skipped + counts.todo
  console.log(`▸ ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

function runStage(files, concurrency) {
  return new Promise((resolve, reject) => {
    const stream = run({ files, concurrency, timeout: TEST_TIMEOUT_MS })
    let counts
    stream.on('test:summary', (summary) => {
      if (summary.file === undefined) counts = summary.counts
    })
    stream.on('error', reject)
    stream.on('end', () => (counts === undefined ? reject(new Error('the runner gave no summary')) : resolve(counts)))
    stream.compose(new spec()).pipe(process.stdout, { end: false })
  })
}
