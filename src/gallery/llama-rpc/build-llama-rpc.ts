import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { LlamaRpc } from '../../workers/worker-process.ts'
import { buildEngineProgram, type EngineBuildOptions } from '../compile/build-engine-program.ts'
import { buildFailed } from '../compile/compile-units.ts'
import {
  type EngineBuildInit,
  type EngineSource,
  exists,
  locateEngineSource,
  recipeHash,
} from '../compile/engine-source.ts'
import { markBuildUsed } from '../compile/old-builds.ts'
import { LLAMA_RPC_PATHS, LLAMA_RPC_RECIPE, PLUGIN_NAME, PROGRAM_NAME, planLink, planUnits } from './rpc-plan.ts'

export interface LlamaRpcInit extends EngineBuildInit {
  /** Starts the worker that was just made and asks it for HELLO: gives the version of RPC that it speaks, or throws. */
  readonly probe: (made: Omit<LlamaRpc, 'protocol'>, options: AbortOptions) => Promise<string>
}

interface LlamaRpcFiles {
  readonly source: EngineSource
  readonly parentDir: string
  readonly key: string
}

const PRODUCT = 'llama-rpc'
const PROTOCOL_FILE = 'protocol.txt'
const NATIVE_DIR = fileURLToPath(new URL('../../../native/llama-rpc/', import.meta.url))
/** Of the program, too, a file comes from there. */
const LIFELINE_DIR = fileURLToPath(new URL('../../../native/llama-server/', import.meta.url))

/** What was built before for this version of llama.cpp and of our sources, when it is there. Starts nothing. */
export async function findLlamaRpc(init: EngineBuildInit): Promise<LlamaRpc | undefined> {
  const files = await locate(init)
  return files === undefined ? undefined : await findBuilt(files)
}

/**
 * Compiles the worker and the plug-in from the source inside the npm package: some ten seconds of a C++ compiler at low
 * priority, nothing downloaded. Gives what exists when it does. It appears whole, after a worker answered, or not at all.
 * Failures are `backend.build-failed`.
 */
export async function buildLlamaRpc(init: LlamaRpcInit, options: EngineBuildOptions = {}): Promise<LlamaRpc> {
  options.signal?.throwIfAborted()
  const files = await locate(init)
  if (files === undefined) {
    throw buildFailed(
      `models cannot be split over machines here: the packages node-llama-cpp and @node-llama-cpp/… ` +
        `for ${process.platform}-${process.arch} must be installed`,
    )
  }
  const { source } = files
  const libraries = source.libraries.filter((name) => /^libggml/.test(name))
  const recipe = {
    ...files,
    product: PRODUCT,
    paths: LLAMA_RPC_PATHS,
    libraries,
    plan: async (root: string) => planUnits({ root, nativeDir: NATIVE_DIR }),
    link: (objects: ReadonlyMap<string, string>, resultDir: string) =>
      planLink(objects, { resultDir, librariesDir: source.librariesDir, libraries, platform: process.platform }),
    async tryOut(resultDir: string, trial: AbortOptions) {
      const protocol = await init.probe(parts(source, resultDir), trial).catch((error: unknown) => {
        trial.signal?.throwIfAborted()
        throw buildFailed(`the worker just built is of no use here: ${AppError.from(error, 'internal').message}`, error)
      })
      await writeFile(join(resultDir, PROTOCOL_FILE), protocol)
    },
  }
  await buildEngineProgram(recipe, async () => (await findBuilt(files)) !== undefined, options)
  const built = await findBuilt(files)
  if (built === undefined) throw buildFailed('the llama-rpc that was just built is gone')
  return built
}

async function locate(init: EngineBuildInit): Promise<LlamaRpcFiles | undefined> {
  const source = await locateEngineSource(init)
  if (source === undefined) return undefined
  const recipe = await recipeHash(LLAMA_RPC_RECIPE, [NATIVE_DIR, LIFELINE_DIR])
  return { source, parentDir: join(init.cacheDir, PRODUCT), key: `${source.version}-${source.platform}-${recipe}` }
}

async function findBuilt({ source, parentDir, key }: LlamaRpcFiles): Promise<LlamaRpc | undefined> {
  const found = parts(source, join(parentDir, key))
  if (!(await exists(found.program))) return undefined
  await markBuildUsed(parentDir, key)
  const protocol = await readFile(join(found.librariesDir, PROTOCOL_FILE), 'utf8')
  return { ...found, protocol }
}

function parts(source: EngineSource, folder: string): Omit<LlamaRpc, 'protocol'> {
  return {
    plugin: join(folder, PLUGIN_NAME),
    program: join(folder, PROGRAM_NAME),
    librariesDir: folder,
    build: `${source.version}-${source.platform}`,
  }
}
