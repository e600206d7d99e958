import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import { takeLock } from './build-lock.ts'
import {
  type CompileUnit,
  linkArguments,
  linkedLibraries,
  planUnits,
  SOURCE_FOLDERS,
  type SourceTree,
} from './compile-plan.ts'
import {
  exists,
  type LlamaServer,
  type LlamaServerFiles,
  type LlamaServerInit,
  locateLlamaServerFiles,
  PROGRAM_NAME,
  programPath,
} from './llama-server-files.ts'
import { runCommand } from './run-command.ts'

export interface LlamaServerBuildOptions extends AbortOptions {
  /** C++ compiler to use (`CXX`); c++, g++ or clang++ when absent. */
  readonly compiler?: string
  /** Compilers at a time; by default as many as cores and free memory allow. */
  readonly jobs?: number
  readonly onProgress?: (step: number, total: number, what: string) => void
}

const COMPILERS = ['c++', 'g++', 'clang++']
const BYTES_PER_JOB = 1.5e9
const TRIAL_TIMEOUT_MS = 30_000
const OUTPUT_LINES = 12

/** The program built before for this version of llama.cpp and of our sources, when it is there. Starts nothing. */
export async function findLlamaServer(init: LlamaServerInit): Promise<LlamaServer | undefined> {
  const files = await locateLlamaServerFiles(init)
  return files === undefined ? undefined : await findBuilt(files)
}

/**
 * Compiles llama-server from the source inside the npm package, against the libraries of its platform package: one to
 * three minutes of a C++ compiler at low priority, nothing downloaded. Gives the existing program when there is one.
 * Processes that build the same at the same time do it once. The result appears whole, after it has answered
 * `--version`, or not at all. Failures are `backend.build-failed`.
 */
export async function buildLlamaServer(
  init: LlamaServerInit,
  options: LlamaServerBuildOptions = {},
): Promise<LlamaServer> {
  options.signal?.throwIfAborted()
  const files = await locateLlamaServerFiles(init)
  if (files === undefined) {
    throw failed(
      `no llama.cpp libraries to build llama-server with: the packages node-llama-cpp and @node-llama-cpp/… ` +
        `for ${process.platform}-${process.arch} must be installed`,
    )
  }
  await mkdir(files.parentDir, { recursive: true })
  await using lock = await takeLock(join(files.parentDir, `${files.key}.lock`), {
    ...options,
    done: async () => (await findBuilt(files)) !== undefined,
  })
  if (lock !== undefined) await buildInPlace(files, options)
  const built = await findBuilt(files)
  if (built === undefined) throw failed('the llama-server that was just built is gone')
  return built
}

async function findBuilt(files: LlamaServerFiles): Promise<LlamaServer | undefined> {
  const binary = programPath(files)
  return (await exists(binary)) ? { binary, version: files.version } : undefined
}

/** Builds in a folder beside the final one, which gets its name at the very end. */
async function buildInPlace(files: LlamaServerFiles, options: LlamaServerBuildOptions): Promise<void> {
  const prefix = `${files.key}.building-`
  for (const name of await readdir(files.parentDir)) {
    // Left by a process that was killed: this one holds the lock.
    if (name.startsWith(prefix)) await rm(join(files.parentDir, name), { recursive: true, force: true })
  }
  const workDir = await mkdtemp(join(files.parentDir, prefix))
  try {
    const compiler = await findCompiler(options)
    const result = join(workDir, 'result')
    await mkdir(result)
    const tree = await checkOut(files, join(workDir, 'source'), options)
    const units = planUnits(tree)
    const total = units.length + 1
    let step = 0
    const progress = (what: string): void => options.onProgress?.(step, total, what)
    progress('source')
    const objects = await compileAll(units, {
      ...options,
      compiler,
      workDir,
      onCompiled: (unit) => {
        step += 1
        progress(unit.name)
      },
    })
    const libraries = linkedLibraries(files.libraries).map((name) => join(files.librariesDir, name))
    const binary = join(result, PROGRAM_NAME)
    const linking = linkArguments(objects, { output: binary, libraries, platform: process.platform })
    const linked = await runCommand(compiler, linking, options)
    if (linked.exitCode !== 0) throw failed(`llama-server does not link: ${lastLines(linked.output)}`)
    for (const name of files.libraries) await place(join(files.librariesDir, name), join(result, name))
    await tryOut(binary, options)
    await putInPlace(result, join(files.parentDir, files.key))
    step += 1
    progress(PROGRAM_NAME)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

async function findCompiler(options: LlamaServerBuildOptions): Promise<string> {
  const candidates = options.compiler === undefined || options.compiler === '' ? COMPILERS : [options.compiler]
  for (const candidate of candidates) {
    const tried = await runCommand(candidate, ['--version'], { ...options, timeoutMs: TRIAL_TIMEOUT_MS })
    if (tried.exitCode === 0) return candidate
  }
  throw failed(
    `no C++ compiler (looked for ${candidates.join(', ')}): install one, ` +
      'for example with "apt-get install g++", "dnf install gcc-c++" or "xcode-select --install", or name it in CXX',
  )
}

async function checkOut(files: LlamaServerFiles, root: string, options: AbortOptions): Promise<SourceTree> {
  const steps = [
    ['clone', '--quiet', '--no-checkout', files.sourceBundle, root],
    ['-C', root, 'checkout', '--quiet', 'HEAD', '--', ...SOURCE_FOLDERS],
  ]
  for (const step of steps) {
    const done = await runCommand('git', ['-c', 'core.autocrlf=false', ...step], options)
    if (done.missing) {
      throw failed('git is missing: it unpacks the source of llama.cpp; install it, for example "apt-get install git"')
    }
    if (done.exitCode !== 0) throw failed(`the source of llama.cpp cannot be unpacked: ${lastLines(done.output)}`)
  }
  const cppIn = async (folder: string): Promise<readonly string[]> =>
    (await readdir(join(root, folder))).filter((name) => name.endsWith('.cpp')).sort()
  return {
    root,
    nativeDir: files.nativeDir,
    server: await cppIn('tools/server'),
    media: await cppIn('tools/mtmd'),
    mediaModels: await cppIn('tools/mtmd/models'),
  }
}

interface Compilation extends LlamaServerBuildOptions {
  readonly compiler: string
  readonly workDir: string
  readonly onCompiled: (unit: CompileUnit) => void
}

/** The first failure ends the others. */
async function compileAll(units: readonly CompileUnit[], compilation: Compilation): Promise<readonly string[]> {
  const failure = new AbortController()
  const signal = anySignal(failure.signal, compilation.signal)
  const waiting = units.map((unit, index) => ({ unit, object: join(compilation.workDir, `${index}.o`) }))
  const objects = waiting.map(({ object }) => object)
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await compileUnit(next.unit, next.object, { ...compilation, signal })
      compilation.onCompiled(next.unit)
    }
  }
  const workers = Array.from({ length: compilation.jobs ?? defaultJobs() }, async () => {
    try {
      await work()
    } catch (error) {
      failure.abort(error)
      throw error
    }
  })
  const settled = await Promise.allSettled(workers)
  if (settled.some(({ status }) => status === 'rejected')) throw signal.reason
  return objects
}

async function compileUnit(unit: CompileUnit, object: string, compilation: Compilation): Promise<void> {
  const source = `${object}.in`
  await writeFile(source, unit.sources.map((file) => `#include "${file}"\n`).join(''))
  const language = unit.flags.includes('-x') ? [] : ['-x', 'c++']
  const args = [...language, ...unit.flags, '-c', source, '-o', object]
  const { exitCode, output } = await runCommand(compilation.compiler, args, compilation)
  if (exitCode !== 0) throw failed(`llama-server does not compile (${unit.name}): ${lastLines(output)}`)
}

function defaultJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)))
}

/** Shared with the package where the file system can: no second copy on disk or in memory. */
async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(async () => await copyFile(from, to))
}

async function tryOut(binary: string, options: AbortOptions): Promise<void> {
  const tried = await runCommand(binary, ['--version'], { ...options, timeoutMs: TRIAL_TIMEOUT_MS })
  if (tried.exitCode !== 0) throw failed(`the llama-server just built does not start: ${lastLines(tried.output)}`)
}

async function putInPlace(result: string, final: string): Promise<void> {
  try {
    await rename(result, final)
  } catch (error) {
    // Another process was quicker, although the lock should have kept it out: its program is as good.
    if (!(await exists(join(final, PROGRAM_NAME)))) throw error
  }
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-OUTPUT_LINES).join('\n')
}

function failed(message: string): AppError {
  return new AppError('backend.build-failed', message)
}
