import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isObject } from '../../base/json.ts'
import { isProcessAlive } from '../../base/process-alive.ts'

/** Names one process among all that ever ran. */
export interface ProcessMark {
  readonly pid: number
  /** When it began, in ticks since the boot of that id: tells it from a later one with the same number. '' if unknown. */
  readonly started: string
  /** The machine, or the container on it, inside of which `pid` means something. */
  readonly place: string
}

export async function markOf(pid: number): Promise<ProcessMark> {
  const [stat, boot, pidNamespace] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  // The name of the program, in brackets, may have spaces; `starttime` is field 22 of proc(5).
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const started = ticks === undefined ? '' : `${boot.trim()} ${ticks}`
  return { pid, started, place: `${hostname()} ${pidNamespace}`.trim() }
}

/** Undefined for a text that is none. */
export function parseMark(text: string): ProcessMark | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return undefined
    const { pid, started, place } = value
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof place !== 'string') return undefined
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, started, place } : undefined
  } catch {
    return undefined
  }
}

/** Whether that very process still runs; for marks of this place. One of another user counts. */
export async function isRunning({ pid, started }: ProcessMark): Promise<boolean> {
  if (!isProcessAlive(pid)) return false
  if (started === '') return true
  const now = await markOf(pid)
  return now.started === '' || now.started === started
}
