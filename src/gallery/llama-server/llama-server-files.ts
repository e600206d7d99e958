import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EngineBuildInit, type EngineSource, locateEngineSource, recipeHash } from '../compile/engine-source.ts'
import { COMPILE_RECIPE } from './compile-plan.ts'

/** A program that was built, tried and put in place. */
export interface LlamaServer {
  readonly binary: string
  /** Version of the node-llama-cpp package whose source and libraries it is made of. */
  readonly version: string
}

/** What it is made of, and where it belongs. */
export interface LlamaServerFiles {
  readonly source: EngineSource
  readonly nativeDir: string
  readonly parentDir: string
  /** Name of the final folder in `parentDir`. */
  readonly key: string
}

export const PROGRAM_NAME = 'llama-server'

const NATIVE_DIR = fileURLToPath(new URL('../../../native/llama-server/', import.meta.url))

/** Names everything; undefined when this platform or this installation has no llama.cpp libraries to link to. */
export async function locateLlamaServerFiles(init: EngineBuildInit): Promise<LlamaServerFiles | undefined> {
  const source = await locateEngineSource(init)
  if (source === undefined) return undefined
  return {
    source,
    nativeDir: NATIVE_DIR,
    parentDir: join(init.cacheDir, PROGRAM_NAME),
    key: `${source.version}-${source.platform}-${await recipeHash(COMPILE_RECIPE, [NATIVE_DIR])}`,
  }
}

/** Where the program is, or will be once it is built; undefined where it cannot be built at all. */
export async function llamaServerBinary(init: EngineBuildInit): Promise<string | undefined> {
  const files = await locateLlamaServerFiles(init)
  return files === undefined ? undefined : programPath(files)
}

export function programPath({ parentDir, key }: LlamaServerFiles): string {
  return join(parentDir, key, PROGRAM_NAME)
}
