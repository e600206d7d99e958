import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BackendInstaller,
  type BackendInstallerDeps,
  type CompiledBackend,
  createBackendInstaller,
} from '../gallery/backend/install-backend.ts'
import type { ImageTags } from '../gallery/backend/install-entry.ts'
import type { EngineBuildOptions } from '../gallery/compile/build-engine-program.ts'
import type { EngineBuildInit } from '../gallery/compile/engine-source.ts'
import { runCommand } from '../gallery/download/child-command.ts'
import { ENGINE_VERSION, platformPackage } from '../gallery/engine-package.ts'
import { buildLlamaRpc, findLlamaRpc } from '../gallery/llama-rpc/build-llama-rpc.ts'
import { buildLlamaServer, findLlamaServer } from '../gallery/llama-server/build-llama-server.ts'
import { builtinMain } from './builtin-main.ts'
import { engineBuildInit, ensureEnginePackage } from './engine-setup.ts'
import { probeBuiltWorker } from './llama-rpc.ts'

export interface OwnBackendSettings {
  readonly backendsPath: string
  readonly cachePath: string
  readonly backendsSystemPath?: string
  readonly imageTags?: ImageTags
}

/** The backend installer with this program's own engine and compiler. */
export function createOwnBackendInstaller(
  deps: Omit<BackendInstallerDeps, 'run' | 'compiled'>,
  { backendsPath, cachePath, backendsSystemPath, imageTags }: OwnBackendSettings,
): BackendInstaller {
  return createBackendInstaller(
    {
      ...deps,
      run: runCommand,
      compiled: {
        'llama-server': compiledBackend(cachePath, {
          folder: async (init) => dirnameOf((await findLlamaServer(init))?.binary),
          build: buildLlamaServer,
        }),
        'llama-rpc': compiledBackend(cachePath, {
          folder: async (init) => (await findLlamaRpc(init))?.librariesDir,
          build: async (init, options) => await buildLlamaRpc({ ...init, probe: probeBuiltWorker }, options),
        }),
      },
    },
    {
      backendsPath,
      ...(backendsSystemPath === undefined ? {} : { systemPath: backendsSystemPath }),
      ...(imageTags && { imageTags }),
      engine: {
        version: ENGINE_VERSION,
        platform: platformPackage(),
        node: process.execPath,
        main: fileURLToPath(builtinMain('llama-cpp')),
      },
    },
  )
}

interface CompiledParts {
  /** Where the finished one is. */
  folder(init: EngineBuildInit): Promise<string | undefined>
  build(init: EngineBuildInit, options: EngineBuildOptions): Promise<unknown>
}

function compiledBackend(cachePath: string, parts: CompiledParts): CompiledBackend {
  return {
    isInstalled: async () => (await parts.folder(engineBuildInit({ cachePath }))) !== undefined,
    async build(options) {
      await ensureEnginePackage({ cachePath }, options)
      const { onProgress, ...rest } = options
      const report = (current: number, total: number, what: string): void =>
        onProgress?.({ what: `compiling ${what}`, current, total })
      return await parts.build(engineBuildInit({ cachePath }), { ...rest, onProgress: report })
    },
    async remove() {
      const folder = await parts.folder(engineBuildInit({ cachePath }))
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

function dirnameOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : dirname(file)
}
