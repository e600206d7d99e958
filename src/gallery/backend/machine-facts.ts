import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What decides which builds of llama.cpp this machine can use. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform
  readonly arch: string
  readonly hasNvidiaDriver: boolean
  /** A graphics device that a Vulkan driver could drive. */
  readonly hasGraphicsDevice: boolean
  /** The prebuilt libraries need glibc on Linux. */
  readonly hasGlibc: boolean
}

export type GpuKind = 'cuda' | 'vulkan'

/** Looks at device files and drivers; starts nothing and loads nothing. */
export async function readMachineFacts(): Promise<MachineFacts> {
  const { platform, arch } = process
  const systemFiles = join('C:', 'Windows', 'System32')
  const nvidia =
    platform === 'win32'
      ? await exists(join(systemFiles, 'nvcuda.dll'))
      : (await exists('/proc/driver/nvidia/version')) ||
        (await exists('/dev/nvidiactl')) ||
        // Windows Subsystem for Linux brings the driver of the host.
        (await exists('/usr/lib/wsl/lib/libcuda.so.1'))
  const graphics = platform === 'win32' ? await exists(join(systemFiles, 'vulkan-1.dll')) : await hasRenderNode()
  return {
    platform,
    arch,
    hasNvidiaDriver: nvidia,
    hasGraphicsDevice: graphics || nvidia,
    hasGlibc: platform !== 'linux' || hasGlibc(),
  }
}

/** The reason why a GPU build is of no use here; undefined when it is. `force` overrules only what a driver could cure. */
export function whyUnusable(
  kind: GpuKind,
  facts: MachineFacts,
): { readonly reason: string; readonly forcible: boolean } | undefined {
  const { platform, arch } = facts
  const built = (platform === 'linux' || platform === 'win32') && arch === 'x64'
  if (!built) {
    const metal = platform === 'darwin' ? ' (the built-in llama-cpp uses Metal there)' : ''
    return { reason: `there is no ${kind} build for ${platform}-${arch}${metal}`, forcible: false }
  }
  if (!facts.hasGlibc)
    return { reason: 'the prebuilt libraries need glibc, which this system has not', forcible: false }
  if (kind === 'cuda' && !facts.hasNvidiaDriver) return { reason: 'no NVIDIA driver was found', forcible: true }
  if (kind === 'vulkan' && !facts.hasGraphicsDevice) return { reason: 'no graphics device was found', forcible: true }
  return undefined
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

async function hasRenderNode(): Promise<boolean> {
  const devices = await readdir('/dev/dri').catch(() => [])
  return devices.some((name) => name.startsWith('renderD'))
}

function hasGlibc(): boolean {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime !== undefined
}
