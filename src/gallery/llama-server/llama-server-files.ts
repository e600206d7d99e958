import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/errors.ts'
import { COMPILE_RECIPE } from './compile-plan.ts'

export interface LlamaServerInit {
  /** Where built programs are kept; a folder per version and platform is made in it. */
  readonly cacheDir: string
  /** A folder whose `node_modules` has node-llama-cpp and its platform package; by default where this code finds them. */
  readonly engineRoot?: string
}

/** A program that was built, tried and put in place. */
export interface LlamaServer {
  readonly binary: string
  /** Version of the node-llama-cpp package whose source and libraries it is made of. */
  readonly version: string
}

/** What the npm packages bring, and where the program made from it belongs. */
export interface LlamaServerFiles {
  readonly version: string
  /** One git bundle with the whole source of llama.cpp. */
  readonly sourceBundle: string
  readonly librariesDir: string
  /** Names of the shared libraries to put beside the program: ggml looks for its backends there. */
  readonly libraries: readonly string[]
  readonly nativeDir: string
  readonly parentDir: string
  /** Name of the final folder in `parentDir`. */
  readonly key: string
}

export const PROGRAM_NAME = 'llama-server'

const NATIVE_DIR = fileURLToPath(new URL('../../../native/llama-server/', import.meta.url))
const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
}
const LIBRARY = /^lib(llama|ggml)[\w.-]*\.(so|dylib)$/

/** Names everything; undefined when this platform or this installation has no llama.cpp libraries to link to. */
export async function locateLlamaServerFiles(init: LlamaServerInit): Promise<LlamaServerFiles | undefined> {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  const engine = init.engineRoot === undefined ? findEngine() : join(init.engineRoot, 'node_modules/node-llama-cpp')
  if (platform === undefined || engine === undefined || !(await exists(engine))) return undefined
  const librariesDir = await findUpwards(engine, `node_modules/@node-llama-cpp/${platform}/bins/${platform}`)
  if (librariesDir === undefined) return undefined
  const version = await readVersion(engine)
  const libraries = (await readdir(librariesDir)).filter((name) => LIBRARY.test(name)).sort()
  return {
    version,
    sourceBundle: join(engine, 'llama', 'gitRelease.bundle'),
    librariesDir,
    libraries,
    nativeDir: NATIVE_DIR,
    parentDir: join(init.cacheDir, PROGRAM_NAME),
    key: `${version}-${platform}-${await recipeHash()}`,
  }
}

/** Where the program is, or will be once it is built; undefined where it cannot be built at all. */
export async function llamaServerBinary(init: LlamaServerInit): Promise<string | undefined> {
  const files = await locateLlamaServerFiles(init)
  return files === undefined ? undefined : programPath(files)
}

export function programPath({ parentDir, key }: LlamaServerFiles): string {
  return join(parentDir, key, PROGRAM_NAME)
}

/** Changes whenever our sources, flags or way of compiling do. */
async function recipeHash(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(COMPILE_RECIPE))
  for (const name of (await readdir(NATIVE_DIR)).sort()) {
    hash.update(`\0${name}\0`).update(await readFile(join(NATIVE_DIR, name)))
  }
  return hash.digest('hex').slice(0, 12)
}

function findEngine(): string | undefined {
  try {
    // The package exports its entry only: dist/index.js.
    return dirname(dirname(fileURLToPath(import.meta.resolve('node-llama-cpp'))))
  } catch {
    return undefined
  }
}

async function findUpwards(from: string, path: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, path)
    if (await exists(candidate)) return candidate
    if (folder === dirname(folder)) return undefined
  }
}

async function readVersion(engine: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(engine, 'package.json'), 'utf8'))
  const version = (manifest as { readonly version?: unknown }).version
  if (typeof version !== 'string' || !/^[\w.+-]+$/.test(version)) {
    throw new AppError('backend.build-failed', `no version in the package.json of ${engine}`)
  }
  return version
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
