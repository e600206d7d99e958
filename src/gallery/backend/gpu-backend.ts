import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { commandFailed, type RunCommand } from '../download/child-command.ts'
import type { GpuKind } from './machine-facts.ts'

export interface GpuBackendPlan {
  readonly kind: GpuKind
  /** node-llama-cpp's name for the platform, such as `linux-x64`. */
  readonly platform: string
  /** The version of node-llama-cpp that our own code is written for. */
  readonly version: string
  /** The Node that runs our backends. */
  readonly node: string
  /** The entry point of our llama-cpp backend. */
  readonly main: string
}

/** The packages of a GPU build; CUDA's libraries come in two. */
export function gpuPackages({ kind, platform, version }: GpuBackendPlan): readonly string[] {
  const builds = kind === 'cuda' ? ['', '-cuda', '-cuda-ext'] : ['', '-vulkan']
  return [`node-llama-cpp@${version}`, ...builds.map((build) => `@node-llama-cpp/${platform}${build}@${version}`)]
}

/** Fills a backend folder with a GPU build of the engine, through the machine's own npm, and the script that runs it. */
export async function fillGpuBackend(
  run: RunCommand,
  plan: GpuBackendPlan,
  { folder, signal }: AbortOptions & { readonly folder: string },
): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
  const flags = ['--omit=optional', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--no-package-lock']
  const args = ['install', ...flags, ...gpuPackages(plan)]
  const result = await run({ command: 'npm', args, cwd: folder }, signal === undefined ? {} : { signal })
  if (result === undefined) throw new AppError('download.failed', 'npm is needed to install this backend')
  if (result.exitCode !== 0) throw commandFailed(`npm install of the ${plan.kind} build`, result)
  await writeFile(join(folder, 'own-engine.mjs'), OWN_ENGINE)
  await writeFile(join(folder, 'run.sh'), runScript(plan), { mode: 0o755 })
}

/**
 * Our own llama-cpp backend, with the engine of this folder. NODE_PATH is how it sees that a GPU build is there; the
 * import hook is how it gets it.
 */
export function runScript({ node, main }: GpuBackendPlan): string {
  return `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd) || exit 1
node=${shellQuoted(node)}
main=${shellQuoted(main)}
if [ ! -x "$node" ] || [ ! -f "$main" ]; then
  echo "this backend belongs to a local-ai that has moved: install the backend again" >&2
  exit 1
fi
NODE_PATH="$here/node_modules"
export NODE_PATH
# Whoever starts a script like this one watches over it; its stdin is no lifeline.
unset LOCALAI_BACKEND_LIFELINE
exec "$node" --import "$here/own-engine.mjs" "$main" --engine node-llama-cpp "$@"
`
}

const OWN_ENGINE = `import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node-llama-cpp' ? next(specifier, { ...context, parentURL: import.meta.url }) : next(specifier, context),
})
`

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
