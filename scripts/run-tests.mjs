// Runs the suites in the order of how quickly they tell, and closes with one line that counts them all.
// Arguments: files or glob patterns to run instead of everything. `--times` also tells where the time went.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { COMPILE_CACHE } from '../test/support/compile-cache.ts'

const TEST_TIMEOUT_MS = 180_000
/** A process that a failed test keeps alive ends with its stage. */
const STAGE_TIMEOUT_MS = 12 * 60_000
const SLOWEST = 30
const MOST_TOLD = 20
const LINES_TOLD = 24

// They wait for package registries, or for timers on machines in namespaces: others have the cores meanwhile.
const WAITING = [
  'test/e2e/package.test.ts',
  'test/e2e/clients-python.test.ts',
  'test/integration/gallery-packages.test.ts',
  'test/integration/p2p-discovery-machines.test.ts',
  'test/integration/swarm-unreachable.test.ts',
]
// They say how soon a network notices something, or run a model on several threads, which spin while they wait for each
// other: such a test has the machine for itself.
const ALONE = ['test/integration/swarm.test.ts', 'test/e2e/default-model.test.ts']

/** A process takes half a second to load what a unit test takes milliseconds to use: many of them share one. */
const GROUPS_PER_CORE = 4

process.chdir(fileURLToPath(new URL('../', import.meta.url)))

// Whoever runs the tests may have the product configured: the tests must not see it.
for (const name of Object.keys(process.env)) if (name.startsWith('LOCALAI_')) delete process.env[name]
process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE

const words = process.argv.slice(2)
const patterns = words.filter((word) => word !== '--times')
const stages = patterns.length > 0 ? [await runStage({ name: 'chosen', files: globSync(patterns) })] : await runAll()

if (words.includes('--times')) tellTimes()
tellFailures()
const count = (...names) => stages.flatMap(({ counts }) => names.map((name) => counts[name])).reduce((a, b) => a + b, 0)
const [passed, failed, skipped] = [count('passed'), count('failed', 'cancelled'), count('skipped', 'todo')]
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function runAll() {
  const [waiting, alone] = [globSync(WAITING).sort(), globSync(ALONE).sort()]
  const apart = new Set([...waiting, ...alone])
  let held = ''
  const aside = runStage({ name: 'waiting', files: waiting }, (text) => {
    held += text
  })
  const ended = [await runUnits()]
  for (const name of ['compliance', 'integration', 'e2e']) {
    const files = globSync(`test/${name}/**/*.test.ts`).filter((file) => !apart.has(file))
    ended.push(await runStage({ name, files: files.sort(), concurrency: availableParallelism() }))
  }
  ended.push(await aside)
  print(held)
  return [...ended, await runStage({ name: 'undisturbed', files: alone })]
}

async function runUnits() {
  const files = globSync('test/unit/**/*.test.ts').sort()
  const count = GROUPS_PER_CORE * availableParallelism()
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-tests-'))
  const groups = Array.from({ length: count }, (_, index) => {
    const group = join(folder, `unit-${index + 1}.test.mjs`)
    const own = files.filter((_file, place) => place % count === index)
    writeFileSync(group, own.map((file) => `import '${pathToFileURL(resolve(file))}'\n`).join(''))
    return group
  })
  try {
    return await runStage({ name: 'unit', files, processes: groups, concurrency: availableParallelism() })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `processes`: what to start where that is not each file by itself. */
async function runStage({ name, files, processes = files, concurrency = 1 }, write = print) {
  const started = { ms: performance.now(), cpuSeconds: cpuSeconds() }
  write(`\n▸ ${name} tests (${files.length} files)\n`)
  const { counts, durations, failures } = await runFiles({ files: processes, concurrency, write })
  const seconds = (performance.now() - started.ms) / 1000
  write(`▸ ${name}: ${seconds.toFixed(1)} s\n`)
  return { name, counts, durations, failures, seconds, cpuSeconds: cpuSeconds() - started.cpuSeconds }
}

function runFiles({ files, concurrency, write }) {
  return new Promise((resolve, reject) => {
    const stream = run({ files, concurrency, timeout: TEST_TIMEOUT_MS, signal: AbortSignal.timeout(STAGE_TIMEOUT_MS) })
    const durations = new Map()
    const failures = []
    let counts
    stream.on('test:complete', ({ name, file, nesting, details }) => {
      if (nesting > 0 || file === undefined) return
      const own = relative('.', file)
      if (own.startsWith('..')) return
      // A file that has a process is a test around its tests, of that name, which comes last.
      const before = own === name ? 0 : (durations.get(own) ?? 0)
      durations.set(own, before + details.duration_ms)
    })
    stream.on('test:fail', ({ name, file, line, details: { error } }) => {
      // Whatever contains the test that failed fails with it.
      if (error.failureType === 'subtestsFailed') return
      const where = file === undefined ? '' : ` (${relative('.', file)}:${line})`
      failures.push(`${name}${where}\n${error.cause?.stack ?? error.message}`)
    })
    stream.on('test:summary', (summary) => {
      if (summary.file !== undefined) return
      // A suite that fails with none of its tests, by its time-out or a hook, is in no count.
      const uncounted = summary.success || summary.counts.failed + summary.counts.cancelled > 0 ? 0 : 1
      counts = { ...summary.counts, failed: summary.counts.failed + uncounted }
    })
    stream.on('error', reject)
    const printed = stream.compose(new spec())
    printed.on('data', (text) => write(String(text)))
    printed.on('error', reject)
    printed.on('end', () => {
      if (counts === undefined) reject(new Error('the runner gave no summary'))
      else resolve({ counts, durations: [...durations].map(([file, ms]) => ({ file, ms })), failures })
    })
  })
}

function print(text) {
  process.stdout.write(text)
}

/** Of all test processes that have ended and of all that these have started; NaN where the system does not tell. */
function cpuSeconds() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
    // In hundredths: proc_pid_stat(5), cutime and cstime.
    return (Number(fields[13]) + Number(fields[14])) / 100
  } catch {
    return Number.NaN
  }
}

/** Again, since thousands of lines may have come in between. */
function tellFailures() {
  const failures = stages.flatMap((stage) => stage.failures)
  if (failures.length > 0) console.log('\nWhat failed:')
  for (const failure of failures.slice(0, MOST_TOLD))
    console.log(`\n✖ ${failure.split('\n').slice(0, LINES_TOLD).join('\n  ')}`)
}

function tellTimes() {
  console.log('\nStages: seconds, and CPU seconds of all that ended meanwhile')
  for (const { name, seconds, cpuSeconds } of stages) {
    console.log(`  ${seconds.toFixed(1).padStart(6)} ${cpuSeconds.toFixed(1).padStart(6)}  ${name}`)
  }
  console.log('Slowest files: seconds')
  const files = stages.flatMap(({ durations }) => durations).sort((one, other) => other.ms - one.ms)
  for (const { file, ms } of files.slice(0, SLOWEST)) console.log(`  ${(ms / 1000).toFixed(1).padStart(6)}  ${file}`)
}
