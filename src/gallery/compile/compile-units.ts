import { writeFile } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import { runCommand } from './run-command.ts'

/** One run of the compiler: these sources, in this order, as one translation unit. */
export interface CompileUnit {
  readonly name: string
  readonly sources: readonly string[]
  readonly flags: readonly string[]
}

export interface Compilation extends AbortOptions {
  /** What is being made, for messages. */
  readonly product: string
  readonly compiler: string
  readonly workDir: string
  /** Compilers at a time; by default as many as cores and free memory allow. */
  readonly jobs?: number
  readonly onCompiled: (unit: CompileUnit) => void
}

const BYTES_PER_JOB = 1.5e9
const OUTPUT_LINES = 12
const COMPILERS = ['c++', 'g++', 'clang++']
const TRIAL_TIMEOUT_MS = 30_000

/** The one that `wanted` names, or the first of the usual ones that runs. */
export async function findCompiler(wanted: string | undefined, options: AbortOptions): Promise<string> {
  const candidates = wanted === undefined || wanted === '' ? COMPILERS : [wanted]
  for (const candidate of candidates) {
    const tried = await runCommand(candidate, ['--version'], { ...options, timeoutMs: TRIAL_TIMEOUT_MS })
    if (tried.exitCode === 0) return candidate
  }
  throw buildFailed(
    `no C++ compiler (looked for ${candidates.join(', ')}): install one, ` +
      'for example with "apt-get install g++", "dnf install gcc-c++" or "xcode-select --install", or name it in CXX',
  )
}

/** Gives the object files by the name of their unit, in the order of the units. The first failure ends the others. */
export async function compileUnits(
  units: readonly CompileUnit[],
  compilation: Compilation,
): Promise<ReadonlyMap<string, string>> {
  const failure = new AbortController()
  const signal = anySignal(failure.signal, compilation.signal)
  const waiting = units.map((unit, index) => ({ unit, object: join(compilation.workDir, `${index}.o`) }))
  const objects = new Map(waiting.map(({ unit, object }) => [unit.name, object]))
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
  if (exitCode !== 0) {
    throw buildFailed(`${compilation.product} does not compile (${unit.name}): ${lastLines(output)}`)
  }
}

function defaultJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)))
}

export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-OUTPUT_LINES).join('\n')
}

export function buildFailed(message: string, cause?: unknown): AppError {
  return new AppError('backend.build-failed', message, { cause })
}
