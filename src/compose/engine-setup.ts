import type { EngineBuildInit } from '../gallery/compile/engine-source.ts'
import { runCommand } from '../gallery/download/child-command.ts'
import { findEnginePackage, installEnginePackage } from '../gallery/engine-package.ts'

/** For what is compiled against the engine's package. */
export function engineBuildInit({ cachePath }: { readonly cachePath: string }): EngineBuildInit {
  const engineRoot = findEnginePackage({ cachePath })
  return { cacheDir: cachePath, ...(engineRoot === undefined ? {} : { engineRoot }) }
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
