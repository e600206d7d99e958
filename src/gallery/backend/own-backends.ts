import type { GpuKind } from './machine-facts.ts'

export const LLAMA_SERVER = 'llama-server'
export const BUILT_IN = 'llama-cpp'
export const GPU_BACKENDS: Readonly<Record<string, { readonly kind: GpuKind; readonly description: string }>> = {
  'llama-cpp-cuda': { kind: 'cuda', description: 'llama.cpp for NVIDIA GPUs (about 550 MB)' },
  'llama-cpp-vulkan': { kind: 'vulkan', description: 'llama.cpp for GPUs with a Vulkan driver (about 150 MB)' },
}

/** The names of what we ship or build; no other backend may have them. */
export function isOwn(name: string): boolean {
  return name === BUILT_IN || name === LLAMA_SERVER || Object.hasOwn(GPU_BACKENDS, name)
}
