import { execFile } from 'node:child_process'
import { totalmem } from 'node:os'
import { promisify } from 'node:util'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { DeviceFacts, LlamaRpc } from '../worker-process.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 30_000
const OUTPUT_LIMIT = 64 * 1024

/** Measures, for one to two seconds, with as many threads as a worker would use. */
export async function readDeviceFacts(
  llamaRpc: LlamaRpc,
  threads: number,
  { signal }: AbortOptions = {},
): Promise<DeviceFacts> {
  try {
    const { stdout } = await run(
      llamaRpc.program,
      ['--bench', '--libs', llamaRpc.librariesDir, '--threads', String(threads)],
      { cwd: '/', env: {}, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_LIMIT, ...(signal && { signal }) },
    )
    return withLimits(parseDeviceFacts(stdout))
  } catch (error) {
    signal?.throwIfAborted()
    throw AppError.from(error, 'backend.failed')
  }
}

export function parseDeviceFacts(text: string): DeviceFacts {
  const facts: unknown = parseJson(text)
  if (!isRecord(facts)) throw unreadable()
  const { device, memoryTotalBytes, memoryFreeBytes, weightBytesPerSecond: speeds } = facts
  if (typeof device !== 'string' || !isAmount(memoryTotalBytes) || !isAmount(memoryFreeBytes) || !isRecord(speeds)) {
    throw unreadable()
  }
  const weightBytesPerSecond: Record<string, number> = {}
  for (const [type, speed] of Object.entries(speeds)) {
    if (!isAmount(speed)) throw unreadable()
    weightBytesPerSecond[type] = speed
  }
  return { device, memoryTotalBytes, memoryFreeBytes, weightBytesPerSecond }
}

/** ggml tells a CPU's memory without what is in use, and without the limits of a container. */
function withLimits(facts: DeviceFacts): DeviceFacts {
  if (facts.device !== 'CPU') return facts
  const limit = process.constrainedMemory()
  const memoryTotalBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return { ...facts, memoryTotalBytes, memoryFreeBytes: Math.min(process.availableMemory(), memoryTotalBytes) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function unreadable(): AppError {
  return new AppError('backend.failed', 'the worker program tells of its device what cannot be read')
}
