import type { GpuKind } from './machine-facts.ts'

/** Compiled on this machine from the source that the engine's package brings; each has a cache of its own. */
export const COMPILED = {
  'llama-server': "llama.cpp's server, compiled here: faster on several CPU cores",
  'llama-rpc': 'models over several machines: lends memory, and uses what others lend; compiled here',
} as const
export type CompiledName = keyof typeof COMPILED
export const BUILT_IN = 'llama-cpp'
export const GPU_BACKENDS: Readonly<Record<string, { readonly kind: GpuKind; readonly description: string }>> = {
  'llama-cpp-cuda': { kind: 'cuda', description: 'llama.cpp for NVIDIA GPUs (about 550 MB)' },
  'llama-cpp-vulkan': { kind: 'vulkan', description: 'llama.cpp for GPUs with a Vulkan driver (about 150 MB)' },
}

/** The names of what we ship or build; no other backend may have them. */
export function isOwn(name: string): boolean {
  return name === BUILT_IN || isCompiled(name) || Object.hasOwn(GPU_BACKENDS, name)
}

export function isCompiled(name: string): name is CompiledName {
  return Object.hasOwn(COMPILED, name)
}
