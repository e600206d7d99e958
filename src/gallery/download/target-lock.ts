import { constants, copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { isProcessAlive, startOfProcess } from '../../base/process-alive.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import { readLock, removeAbandoned } from './abandoned-lock.ts'
import { asWriteError } from './partial-file.ts'

export interface TargetLocks {
  /** Waits until nobody else, in this process or another, works on `target`. Releasing twice does no harm. */
  acquire(target: string, options: AbortOptions): Promise<{ release(): Promise<void> }>
}

/** The death of another process gives no event, so its lock is looked at again after this time. */
const LOOK_AGAIN_MS = 500
const MAX_LOCK_BYTES = 1024

/** One worker per file: a queue within the process, `<target>.lock` between processes. */
export function createTargetLocks(): TargetLocks {
  const tails = new Map<string, Promise<void>>()

  return {
    async acquire(target, { signal }) {
      const before = tails.get(target) ?? Promise.resolve()
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const tail = before.then(() => done)
      tails.set(target, tail)
      const leave = (): void => {
        resolve()
        if (tails.get(target) === tail) tails.delete(target)
      }
      try {
        await raceSignal(before, signal)
        await takeLockFile(`${target}.lock`, signal)
      } catch (error) {
        leave()
        throw error
      }
      let held = true
      return {
        async release() {
          if (!held) return
          held = false
          await rm(`${target}.lock`, { force: true })
          leave()
        },
      }
    },
  }
}

/** Whether somebody works on `target` now. Throws when that may be another machine. Writes nothing. */
export async function isLocked(target: string): Promise<boolean> {
  const path = `${target}.lock`
  return (await readLock(path, 'download.failed')) !== undefined && !(await isAbandoned(path))
}

async function takeLockFile(path: string, signal: AbortSignal | undefined): Promise<void> {
  const mine = `${path}.${process.pid}.${crypto.randomUUID()}`
  const owner = { pid: process.pid, host: hostname(), started: await startOfProcess(process.pid) }
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(mine, JSON.stringify(owner))
    for (;;) {
      signal?.throwIfAborted()
      // A link appears with its content, so nobody ever reads a lock that is half written.
      if (await linked(mine, path)) return
      const removed = (await isAbandoned(path)) && (await removeAbandoned(path, () => isAbandoned(path)))
      if (!removed) await delay(LOOK_AGAIN_MS, undefined, { signal })
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw asWriteError(error, path)
  } finally {
    await rm(mine, { force: true }).catch(() => {})
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // Some file systems know no links.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return await copied(from, to)
    throw new AppError('download.failed', `cannot write to ${dirname(to)}`, { cause: error })
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new AppError('download.failed', `cannot write to ${dirname(to)}`, { cause: error })
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const text = await readLock(path, 'download.failed')
  if (text === undefined) return false
  const owner = text.length > MAX_LOCK_BYTES ? undefined : parseOwner(text)
  if (owner === undefined) return true
  if (owner.host !== hostname()) {
    throw new AppError('download.failed', `${owner.host} is at work on this file; if it is not, delete ${path}`)
  }
  if (!isProcessAlive(owner.pid)) return true
  return owner.started !== '' && owner.started !== (await startOfProcess(owner.pid))
}

function parseOwner(text: string): { pid: number; host: string; started: string } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || typeof value['pid'] !== 'number' || typeof value['host'] !== 'string') return undefined
    return { pid: value['pid'], host: value['host'], started: String(value['started'] ?? '') }
  } catch {
    return undefined
  }
}
