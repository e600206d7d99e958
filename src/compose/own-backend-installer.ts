import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BackendInstaller,
  type BackendInstallerDeps,
  createBackendInstaller,
} from '../gallery/backend/install-backend.ts'
import { runCommand } from '../gallery/download/child-command.ts'
import { ENGINE_VERSION, findEnginePackage, installEnginePackage, platformPackage } from '../gallery/engine-package.ts'
import { buildLlamaServer, findLlamaServer } from '../gallery/llama-server/build-llama-server.ts'
import { builtinMain } from './builtin-main.ts'

export interface OwnBackendSettings {
  readonly backendsPath: string
  readonly cachePath: string
  readonly backendsSystemPath?: string
}

/** The backend installer with this program's own engine and compiler. */
export function createOwnBackendInstaller(
  deps: Omit<BackendInstallerDeps, 'run' | 'llamaServer'>,
  { backendsPath, cachePath, backendsSystemPath }: OwnBackendSettings,
): BackendInstaller {
  const buildInit = (): { cacheDir: string; engineRoot?: string } => {
    const engineRoot = findEnginePackage({ cachePath })
    return { cacheDir: cachePath, ...(engineRoot === undefined ? {} : { engineRoot }) }
  }
  return createBackendInstaller(
    {
      ...deps,
      run: runCommand,
      llamaServer: {
        isInstalled: async () => (await findLlamaServer(buildInit())) !== undefined,
        async build(options) {
          await ensureEnginePackage({ cachePath }, options)
          const { onProgress, ...rest } = options
          const report = (current: number, total: number, what: string): void =>
            onProgress?.({ what: `compiling ${what}`, current, total })
          return await buildLlamaServer(buildInit(), { ...rest, onProgress: report })
        },
        async remove() {
          const found = await findLlamaServer(buildInit())
          if (found !== undefined) await rm(dirname(found.binary), { recursive: true, force: true })
        },
      },
    },
    {
      backendsPath,
      ...(backendsSystemPath === undefined ? {} : { systemPath: backendsSystemPath }),
      engine: {
        version: ENGINE_VERSION,
        platform: platformPackage(),
        node: process.execPath,
        main: fileURLToPath(builtinMain('llama-cpp')),
      },
    },
  )
}

/** Where node-llama-cpp is, after installing it when it is nowhere (docs/decisions/0003). */
export async function ensureEnginePackage(
  settings: { readonly cachePath: string },
  options: { readonly signal?: AbortSignal; readonly onInstall?: () => void } = {},
): Promise<string> {
  const found = findEnginePackage({ cachePath: settings.cachePath })
  if (found !== undefined) return found
  options.onInstall?.()
  const { signal } = options
  return await installEnginePackage(
    { run: runCommand },
    { cachePath: settings.cachePath },
    signal === undefined ? {} : { signal },
  )
}
