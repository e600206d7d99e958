import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { commandFailed, type RunCommand } from './download/child-command.ts'

/** The version that the code is written for; package.json names the same one (a test holds them together). */
export const ENGINE_VERSION = '3.22.1'

export interface EnginePackageInit {
  readonly cachePath: string
  /** Where to look before the cache: the folder of this package. */
  readonly ownRoot?: string
}

/**
 * The folder whose `node_modules` has node-llama-cpp and the libraries of this platform, or undefined.
 * A clone has it among its own dependencies; the published package has it in the cache (docs/decisions/0003).
 */
export function findEnginePackage(init: EnginePackageInit): string | undefined {
  const ownRoot = init.ownRoot ?? fileURLToPath(new URL('../../', import.meta.url))
  return [ownRoot, cachedRoot(init.cachePath)].find(isComplete)
}

export interface EnginePackageDeps {
  readonly run: RunCommand
}

/** Installs node-llama-cpp, pinned and without its GPU packages, into the cache with the machine's npm. */
export async function installEnginePackage(
  { run }: EnginePackageDeps,
  init: EnginePackageInit,
  options: AbortOptions = {},
): Promise<string> {
  const root = cachedRoot(init.cachePath)
  const staging = `${root}.${process.pid}`
  await mkdir(staging, { recursive: true })
  try {
    await writeFile(join(staging, 'package.json'), '{"private":true}\n')
    const packages = [`node-llama-cpp@${ENGINE_VERSION}`, `@node-llama-cpp/${platformPackage()}@${ENGINE_VERSION}`]
    const args = ['install', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]
    const result = await run({ command: 'npm', args, cwd: staging }, options)
    if (result === undefined) throw new AppError('download.failed', 'npm is needed to install the llama.cpp engine')
    if (result.exitCode !== 0) throw commandFailed('installing the llama.cpp engine', result)
    await rm(root, { recursive: true, force: true })
    await rename(staging, root)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  if (!isComplete(root)) throw new AppError('download.failed', `npm installed no llama.cpp engine into ${root}`)
  return root
}

function cachedRoot(cachePath: string): string {
  return join(cachePath, 'engines', `node-llama-cpp-${ENGINE_VERSION}-${platformPackage()}`)
}

function isComplete(root: string): boolean {
  const packages = join(root, 'node_modules')
  return (
    existsSync(join(packages, 'node-llama-cpp/package.json')) &&
    existsSync(join(packages, '@node-llama-cpp', platformPackage(), 'bins'))
  )
}

/** node-llama-cpp's name for this platform, e.g. `linux-x64`. */
export function platformPackage(): string {
  const { platform, arch } = process
  if (platform === 'darwin') return arch === 'arm64' ? 'mac-arm64-metal' : 'mac-x64'
  return `${platform === 'win32' ? 'win' : platform}-${arch === 'arm' ? 'armv7l' : arch}`
}
