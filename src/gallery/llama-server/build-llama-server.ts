import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildEngineProgram, type EngineBuildOptions } from '../compile/build-engine-program.ts'
import { buildFailed, lastLines } from '../compile/compile-units.ts'
import { type EngineBuildInit, exists } from '../compile/engine-source.ts'
import { markBuildUsed } from '../compile/old-builds.ts'
import { runCommand } from '../compile/run-command.ts'
import { linkArguments, linkedLibraries, planUnits, SOURCE_FOLDERS, type SourceTree } from './compile-plan.ts'
import {
  type LlamaServer,
  type LlamaServerFiles,
  locateLlamaServerFiles,
  PROGRAM_NAME,
  programPath,
} from './llama-server-files.ts'

const TRIAL_TIMEOUT_MS = 30_000

/** The program built before for this version of llama.cpp and of our sources, when it is there. Starts nothing. */
export async function findLlamaServer(init: EngineBuildInit): Promise<LlamaServer | undefined> {
  const files = await locateLlamaServerFiles(init)
  return files === undefined ? undefined : await findBuilt(files)
}

/**
 * Compiles llama-server from the source inside the npm package, against the libraries of its platform package: one to
 * three minutes of a C++ compiler at low priority, nothing downloaded. Gives the existing program when there is one.
 * Processes that build the same at the same time do it once. The result appears whole, after it has answered
 * `--version`, or not at all. Failures are `backend.build-failed`.
 */
export async function buildLlamaServer(init: EngineBuildInit, options: EngineBuildOptions = {}): Promise<LlamaServer> {
  options.signal?.throwIfAborted()
  const files = await locateLlamaServerFiles(init)
  if (files === undefined) {
    throw buildFailed(
      `no llama.cpp libraries to build llama-server with: the packages node-llama-cpp and @node-llama-cpp/… ` +
        `for ${process.platform}-${process.arch} must be installed`,
    )
  }
  const { source, nativeDir } = files
  await buildEngineProgram(
    {
      ...files,
      product: PROGRAM_NAME,
      paths: SOURCE_FOLDERS,
      libraries: source.libraries,
      plan: async (root) => planUnits(await readTree(root, nativeDir)),
      link(objects, resultDir) {
        const libraries = linkedLibraries(source.libraries).map((name) => join(source.librariesDir, name))
        const output = join(resultDir, PROGRAM_NAME)
        return [linkArguments([...objects.values()], { output, libraries, platform: process.platform })]
      },
      async tryOut(resultDir, { signal }) {
        const binary = join(resultDir, PROGRAM_NAME)
        const limits = { timeoutMs: TRIAL_TIMEOUT_MS, ...(signal && { signal }) }
        const tried = await runCommand(binary, ['--version'], limits)
        if (tried.exitCode !== 0) {
          throw buildFailed(`the llama-server just built does not start: ${lastLines(tried.output)}`)
        }
      },
    },
    async () => (await findBuilt(files)) !== undefined,
    options,
  )
  const built = await findBuilt(files)
  if (built === undefined) throw buildFailed('the llama-server that was just built is gone')
  return built
}

async function findBuilt(files: LlamaServerFiles): Promise<LlamaServer | undefined> {
  const binary = programPath(files)
  if (!(await exists(binary))) return undefined
  await markBuildUsed(files.parentDir, files.key)
  return { binary, version: files.source.version }
}

async function readTree(root: string, nativeDir: string): Promise<SourceTree> {
  const cppIn = async (folder: string): Promise<readonly string[]> =>
    (await readdir(join(root, folder))).filter((name) => name.endsWith('.cpp')).sort()
  return {
    root,
    nativeDir,
    server: await cppIn('tools/server'),
    media: await cppIn('tools/mtmd'),
    mediaModels: await cppIn('tools/mtmd/models'),
  }
}
