import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const SCOPE = '@node-llama-cpp'
const PLATFORMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: 'linux', darwin: 'mac', win32: 'win' }

/**
 * True when a GPU package of node-llama-cpp is installed for this machine and finds a GPU. Where none is installed,
 * which is what a plain install gives on Linux and Windows, that takes a look at one folder and loads nothing.
 */
export async function hasUsableGpu(): Promise<boolean> {
  if (!(await hasGpuPackage())) return false
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp')
  const llama = await getLlama({
    gpu: 'auto',
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  })
  try {
    return llama.gpu !== false
  } finally {
    await llama.dispose()
  }
}

async function hasGpuPackage(): Promise<boolean> {
  const prefix = `${PLATFORMS[process.platform] ?? process.platform}-${process.arch}-`
  const folders = createRequire(import.meta.url).resolve.paths(SCOPE) ?? []
  for (const folder of folders) {
    const packages = await readdir(join(folder, SCOPE)).catch(() => [])
    // A package that was replaced by an empty one at install time has no `bins`.
    if (packages.some((name) => name.startsWith(prefix) && existsSync(join(folder, SCOPE, name, 'bins')))) return true
  }
  return false
}
