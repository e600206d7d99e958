import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/errors.ts'

export interface EngineBuildInit {
  /** Where built programs are kept; a folder per version and platform is made in it. */
  readonly cacheDir: string
  /** A folder whose `node_modules` has node-llama-cpp and its platform package; by default where this code finds them. */
  readonly engineRoot?: string
}

/** What the npm packages bring to build with: the source of llama.cpp, and most of it as compiled libraries. */
export interface EngineSource {
  readonly version: string
  /** Their word for it: `linux-x64`, `mac-arm64-metal`. */
  readonly platform: string
  /** One git bundle with the whole source of llama.cpp. */
  readonly sourceBundle: string
  readonly librariesDir: string
  /** Names of the shared libraries. A program needs them beside it: ggml looks for its backends there. */
  readonly libraries: readonly string[]
}

const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
}
const LIBRARY = /^lib(llama|ggml)[\w.-]*\.(so|dylib)$/

/** Undefined when this platform or this installation has no llama.cpp libraries to link to. */
export async function locateEngineSource(init: EngineBuildInit): Promise<EngineSource | undefined> {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  const engine = init.engineRoot === undefined ? findEngine() : join(init.engineRoot, 'node_modules/node-llama-cpp')
  if (platform === undefined || engine === undefined || !(await exists(engine))) return undefined
  const librariesDir = await findUpwards(engine, `node_modules/@node-llama-cpp/${platform}/bins/${platform}`)
  if (librariesDir === undefined) return undefined
  return {
    version: await readVersion(engine),
    platform,
    sourceBundle: join(engine, 'llama', 'gitRelease.bundle'),
    librariesDir,
    libraries: (await readdir(librariesDir)).filter((name) => LIBRARY.test(name)).sort(),
  }
}

/** Changes whenever the recipe, or one of our own sources in the folders, does. */
export async function recipeHash(recipe: unknown, nativeDirs: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(recipe))
  for (const folder of nativeDirs) {
    for (const name of (await readdir(folder)).sort()) {
      hash.update(`\0${name}\0`).update(await readFile(join(folder, name)))
    }
  }
  return hash.digest('hex').slice(0, 12)
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
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
