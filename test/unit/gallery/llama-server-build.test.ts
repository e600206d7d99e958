import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { EngineBuildOptions } from '../../../src/gallery/compile/build-engine-program.ts'
import { buildLlamaServer, findLlamaServer } from '../../../src/gallery/llama-server/build-llama-server.ts'
import { llamaServerBinary, locateLlamaServerFiles } from '../../../src/gallery/llama-server/llama-server-files.ts'
import { makeCompiler, makeEngine } from '../../support/pretended-engine.ts'

const supported = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'].includes(
  `${process.platform}-${process.arch}`,
)
const skip = !supported && 'llama-server is not built on this platform'

/** A source tree with one small file in each place, as a git bundle, and a compiler that only pretends. */
describe('building llama-server', { skip, timeout: 60_000 }, () => {
  let engineRoot: string
  let workDir: string
  let cacheDir: string
  let calls: string
  before(async () => {
    engineRoot = await mkdtemp(join(tmpdir(), 'llama-build-engine-'))
    await makeEngine(engineRoot)
  })
  after(async () => await rm(engineRoot, { recursive: true, force: true }))
  beforeEach(async (context) => {
    workDir = await mkdtemp(join(tmpdir(), 'llama-build-'))
    cacheDir = join(workDir, 'cache')
    calls = join(workDir, 'calls')
    if ('after' in context) context.after(async () => await rm(workDir, { recursive: true, force: true }))
  })
  const init = () => ({ cacheDir, engineRoot })
  const compiler = async (trouble: Parameters<typeof makeCompiler>[1] = {}): Promise<string> =>
    await makeCompiler({ folder: workDir, calls }, trouble)
  const build = async (options: EngineBuildOptions) => await buildLlamaServer(init(), { jobs: 2, ...options })
  const compilations = async (): Promise<number> => (await readFile(calls, 'utf8')).split('\n').length - 1
  const leftovers = async (): Promise<readonly string[]> =>
    (await readdir(join(cacheDir, 'llama-server'))).filter((name) => !name.endsWith(`.used-${process.pid}`))
  const failsWith = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof AppError && error.code === 'backend.build-failed', String(error))
    assert.match(error.message, pattern)
    return true
  }

  it('puts a program that was tried, with its libraries, under its final name', async () => {
    assert.equal(await findLlamaServer(init()), undefined)
    const steps: string[] = []
    const built = await build({
      compiler: await compiler(),
      onProgress: (step, total, what) => steps.push(`${step}/${total} ${what}`),
    })
    assert.equal(built.version, '9.9.9')
    assert.equal(built.binary, await llamaServerBinary(init()))
    assert.deepEqual(await findLlamaServer(init()), built)
    assert.equal(execFileSync(built.binary, ['--version'], { encoding: 'utf8' }), 'version: pretended\n')
    const beside = await readdir(dirname(built.binary))
    assert.deepEqual(beside.sort(), ['libggml-base.so', 'libggml-cpu-x64.so', 'libllama-common.so', 'llama-server'])
    assert.deepEqual(await leftovers(), [dirname(built.binary).split('/').at(-1)])
    const total = await compilations()
    assert.equal(steps[0], `0/${total} source`)
    assert.equal(steps.at(-1), `${total}/${total} llama-server`)
  })
  it('says where it cannot write', async () => {
    await writeFile(cacheDir, 'no folder')
    const trying = build({ compiler: await compiler() })
    await assert.rejects(trying, failsWith(/^llama-server cannot be built in .* \(E\w+ at mkdir\): .*--cache-path$/))
  })

  it('does not build what is there', async () => {
    const first = await build({ compiler: await compiler() })
    const before = await compilations()
    assert.deepEqual(await build({ compiler: join(workDir, 'no such compiler') }), first)
    assert.equal(await compilations(), before)
  })
  it('builds once for two that want it at the same time', async () => {
    const options = { compiler: await compiler() }
    const [first, second] = await Promise.all([build(options), build(options)])
    assert.deepEqual(first, second)
    const linked = (await readFile(calls, 'utf8')).split('\n').filter((line) => line.endsWith('/result/llama-server'))
    assert.equal(linked.length, 1)
  })
  it('takes over from a process that died while it built', async () => {
    const { key, parentDir } = (await locateLlamaServerFiles(init())) ?? assert.fail()
    await mkdir(join(parentDir, `${key}.building-dead`), { recursive: true })
    const dead = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim()
    await writeFile(join(parentDir, `${key}.lock`), `${dead} anything`)
    await build({ compiler: await compiler() })
    assert.deepEqual(await leftovers(), [key])
  })
  it('takes over from a process that had the number of one that lives', async () => {
    const { key, parentDir } = (await locateLlamaServerFiles(init())) ?? assert.fail()
    await mkdir(parentDir, { recursive: true })
    await writeFile(join(parentDir, `${key}.lock`), `${process.pid} anything 1`)
    await build({ compiler: await compiler(), signal: AbortSignal.timeout(10_000) })
    assert.deepEqual(await leftovers(), [key])
  })
  it('waits for a process that lives, and gives up when its signal aborts', async () => {
    const { key, parentDir } = (await locateLlamaServerFiles(init())) ?? assert.fail()
    await mkdir(parentDir, { recursive: true })
    await writeFile(join(parentDir, `${key}.lock`), `${process.pid} someone else`)
    const caller = new AbortController()
    const reason = new Error('tired of waiting')
    const waiting = build({ compiler: await compiler(), signal: caller.signal })
    caller.abort(reason)
    await assert.rejects(waiting, (error) => error === reason)
    assert.deepEqual(await leftovers(), [`${key}.lock`])
  })
  it('does not wait for a lock that nobody can read', async () => {
    const { key, parentDir } = (await locateLlamaServerFiles(init())) ?? assert.fail()
    await mkdir(join(parentDir, `${key}.lock`), { recursive: true })
    const building = build({ compiler: await compiler(), signal: AbortSignal.timeout(5000) })
    await assert.rejects(building, failsWith(/^the lock .* cannot be read .*delete it$/))
  })
  it('says what to install where there is no compiler', async () => {
    const missing = build({ compiler: join(workDir, 'no such compiler') })
    await assert.rejects(missing, failsWith(/^no C\+\+ compiler .*install one.*CXX$/))
    assert.deepEqual(await leftovers(), [])
  })
  it('gives the last lines of a compiler that failed, and keeps nothing', async () => {
    const failing = build({ compiler: await compiler({ failsOn: 'lifeline' }) })
    await assert.rejects(failing, failsWith(/does not compile \(lifeline\): lifeline.cpp:1: error: pretended/))
    assert.deepEqual(await leftovers(), [])
  })
  it('keeps no program that does not link or does not start', async () => {
    await assert.rejects(build({ compiler: await compiler({ failsOn: 'link' }) }), failsWith(/does not link/))
    await assert.rejects(build({ compiler: await compiler({ badProgram: true }) }), failsWith(/does not start: oh no/))
    assert.deepEqual(await leftovers(), [])
    assert.equal(await findLlamaServer(init()), undefined)
  })
  it('ends its compilers when the signal aborts, with the reason', async () => {
    const caller = new AbortController()
    const reason = new Error('the node is stopping')
    const started = join(workDir, 'started')
    const building = build({
      compiler: await compiler({ hangs: started }),
      signal: caller.signal,
      onProgress: (_step, _total, what) => {
        if (what === 'source') void untilExists(started).then(() => caller.abort(reason))
      },
    })
    // The child of the compiler keeps its output open for ten minutes: only its end lets this go on.
    await assert.rejects(building, (error) => error === reason)
    assert.deepEqual(await leftovers(), [])
  })
  it('builds nothing where the packages are missing', async () => {
    const nowhere = { cacheDir, engineRoot: join(workDir, 'empty') }
    assert.equal(await llamaServerBinary(nowhere), undefined)
    assert.equal(await findLlamaServer(nowhere), undefined)
    await assert.rejects(buildLlamaServer(nowhere), failsWith(/must be installed/))
  })
})

async function untilExists(file: string): Promise<void> {
  for (;;) {
    const found = await stat(file).catch(() => undefined)
    if (found !== undefined && found.size > 0) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
