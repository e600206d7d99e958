import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbortOptions } from '../../base/signals.ts'
import { takeLock } from './build-lock.ts'
import { buildFailed, type CompileUnit, compileUnits, findCompiler, lastLines } from './compile-units.ts'
import type { EngineSource } from './engine-source.ts'
import { removeOldBuilds } from './old-builds.ts'
import { runCommand } from './run-command.ts'

export interface EngineBuildOptions extends AbortOptions {
  /** C++ compiler to use (`CXX`); c++, g++ or clang++ when absent. */
  readonly compiler?: string
  /** Compilers at a time; by default as many as cores and free memory allow. */
  readonly jobs?: number
  readonly onProgress?: (step: number, total: number, what: string) => void
}

/** How a program is made of llama.cpp's source and the libraries of its platform package. */
export interface EngineRecipe {
  /** The program's name, for messages. */
  readonly product: string
  readonly source: EngineSource
  /** Where the final folder belongs, and its name. */
  readonly parentDir: string
  readonly key: string
  /** What is needed of llama.cpp's source, as git's path patterns. */
  readonly paths: readonly string[]
  /** The libraries to put beside the result. */
  readonly libraries: readonly string[]
  /** `root`: the checkout. The units that take longest come first. */
  plan(root: string): Promise<readonly CompileUnit[]>
  /** Arguments of the compiler, once for each file of the result; `objects` are by the name of their unit. */
  link(objects: ReadonlyMap<string, string>, resultDir: string): readonly (readonly string[])[]
  /** Throws when what was made is of no use. */
  tryOut(resultDir: string, options: AbortOptions): Promise<void>
}

/**
 * Builds at low priority and downloads nothing, unless `isThere` says that somebody did; processes that build the same at
 * the same time do it once. The folder appears whole, after it was tried, or not at all. Failures are `backend.build-failed`.
 */
export async function buildEngineProgram(
  recipe: EngineRecipe,
  isThere: () => Promise<boolean>,
  options: EngineBuildOptions,
): Promise<void> {
  try {
    await buildOnce(recipe, isThere, options)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === undefined || syscall === undefined) throw error
    const { product, parentDir } = recipe
    const why = `${product} cannot be built in ${parentDir} (${code} at ${syscall})`
    throw buildFailed(`${why}: make room there, or name another folder with --cache-path`, error)
  }
}

async function buildOnce(
  recipe: EngineRecipe,
  isThere: () => Promise<boolean>,
  options: EngineBuildOptions,
): Promise<void> {
  await mkdir(recipe.parentDir, { recursive: true })
  const file = join(recipe.parentDir, `${recipe.key}.lock`)
  await using lock = await takeLock(file, { ...options, done: isThere })
  if (lock === undefined) return
  const prefix = `${recipe.key}.building-`
  for (const name of await readdir(recipe.parentDir)) {
    // Left by a process that was killed: this one holds the lock.
    if (name.startsWith(prefix)) await rm(join(recipe.parentDir, name), { recursive: true, force: true })
  }
  const workDir = await mkdtemp(join(recipe.parentDir, prefix))
  try {
    await buildIn(workDir, recipe, options)
    await rename(join(workDir, 'result'), join(recipe.parentDir, recipe.key)).catch(async (error: unknown) => {
      // Another process was quicker, although the lock should have kept it out: its program is as good.
      if (!(await isThere())) throw error
    })
    // Room on the disk is no reason to fail.
    await removeOldBuilds(recipe.parentDir, { key: recipe.key, nowMs: Date.now() }).catch(() => {})
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

/** Builds in a folder beside the final one, which gets its name at the very end. */
async function buildIn(workDir: string, recipe: EngineRecipe, options: EngineBuildOptions): Promise<void> {
  const { product, source } = recipe
  const compiler = await findCompiler(options.compiler, options)
  const result = join(workDir, 'result')
  await mkdir(result)
  const root = join(workDir, 'source')
  await checkOut(recipe, root, options)
  const units = await recipe.plan(root)
  const total = units.length + 1
  let step = 0
  options.onProgress?.(step, total, 'source')
  const onCompiled = (unit: CompileUnit): void => {
    step += 1
    options.onProgress?.(step, total, unit.name)
  }
  const objects = await compileUnits(units, { ...options, product, compiler, workDir, onCompiled })
  for (const args of recipe.link(objects, result)) {
    const linked = await runCommand(compiler, args, options)
    if (linked.exitCode !== 0) throw buildFailed(`${product} does not link: ${lastLines(linked.output)}`)
  }
  for (const name of recipe.libraries) await place(join(source.librariesDir, name), join(result, name))
  await recipe.tryOut(result, options)
  options.onProgress?.(total, total, product)
}

async function checkOut(recipe: EngineRecipe, root: string, options: AbortOptions): Promise<void> {
  const steps = [
    ['clone', '--quiet', '--no-checkout', recipe.source.sourceBundle, root],
    ['-C', root, 'checkout', '--quiet', 'HEAD', '--', ...recipe.paths],
  ]
  for (const step of steps) {
    const done = await runCommand('git', ['-c', 'core.autocrlf=false', ...step], options)
    if (done.missing) {
      throw buildFailed(
        'git is missing: it unpacks the source of llama.cpp; install it, for example "apt-get install git"',
      )
    }
    if (done.exitCode !== 0) throw buildFailed(`the source of llama.cpp cannot be unpacked: ${lastLines(done.output)}`)
  }
}

/** Shared with the package where the file system can: no second copy on disk or in memory. */
async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(async () => await copyFile(from, to))
}
