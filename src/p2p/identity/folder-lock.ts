import { open, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { linkNew, readIfThere, removeExactly } from './lock-file.ts'
import { isRunning, markOf, type ProcessMark, parseMark } from './process-mark.ts'

export interface FolderLockInit {
  readonly folder: string
  /** How often the holder shows that it lives; for those who cannot see its process. */
  readonly touchMs?: number
  /** How long to watch a holder of another machine or container before it counts as gone. */
  readonly watchMs?: number
}

/** Enough for whoever finds many others taking over the same lock. */
const MAX_TRIES = 200
const LOOK_AGAIN_MS = 20

/**
 * Holds `<folder>/lock` until disposed. The lock of a process that is gone is taken over: at once when the process was of
 * this machine and container, else after nobody has touched the lock for `watchMs`. Throws `config.invalid` when
 * another process holds it.
 */
export async function takeFolderLock(init: FolderLockInit, { signal }: AbortOptions = {}): Promise<AsyncDisposable> {
  const path = join(init.folder, 'lock')
  const own = { ...(await markOf(process.pid)), id: crypto.randomUUID() }
  const claim: Claim = {
    path,
    own,
    text: JSON.stringify(own),
    file: `${path}.${own.id}`,
    watchMs: init.watchMs ?? 6000,
    signal,
  }
  try {
    await writeFile(claim.file, claim.text, { mode: 0o600 })
    await take(claim)
    return await hold(claim, init.touchMs ?? 2000)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof AppError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('config.invalid', `${init.folder} cannot be locked (${code ?? String(error)})`, { cause: error })
  } finally {
    await rm(claim.file, { force: true }).catch(() => {})
  }
}

interface Claim {
  /** Of the lock. */
  readonly path: string
  readonly own: ProcessMark
  readonly text: string
  /** Holds `text`, to be linked to where it counts: so nobody ever reads a lock that is half written. */
  readonly file: string
  readonly watchMs: number
  readonly signal: AbortSignal | undefined
}

async function take(claim: Claim): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    claim.signal?.throwIfAborted()
    if (await linkNew(claim.file, claim.path)) return
    const text = await readIfThere(claim.path)
    if (text === undefined) continue
    if (await isHeld(claim, claim.path, text)) throw inUse(claim, parseMark(text))
    await removeAbandoned(claim, text)
  }
  throw inUse(claim, undefined)
}

async function hold({ path, text }: Claim, touchMs: number): Promise<AsyncDisposable> {
  const file = await open(path, 'r+')
  const timer = setInterval(() => {
    const now = new Date()
    file.utimes(now, now).catch(() => {})
  }, touchMs)
  timer.unref()
  let held = true
  return {
    async [Symbol.asyncDispose]() {
      if (!held) return
      held = false
      clearInterval(timer)
      await file.close()
      if ((await readIfThere(path)) === text) await rm(path, { force: true })
    },
  }
}

async function removeAbandoned(claim: Claim, text: string): Promise<void> {
  const guard = `${claim.path}.takeover`
  if (await removeExactly(claim.path, { text, guard, claim: claim.file })) return
  const other = await readIfThere(guard)
  if (other !== undefined && !(await isHeld(claim, guard, other))) await rm(guard, { force: true })
  await delay(LOOK_AGAIN_MS, undefined, { signal: claim.signal })
}

async function isHeld({ own, watchMs, signal }: Claim, path: string, text: string): Promise<boolean> {
  const holder = parseMark(text)
  if (holder?.place === own.place) return await isRunning(holder)
  const before = await changeOf(path)
  await delay(watchMs, undefined, { signal })
  const after = await changeOf(path)
  return after !== undefined && after !== before
}

async function changeOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found === undefined ? undefined : `${found.ino} ${found.mtimeNs}`
}

function inUse({ path, own }: Claim, holder: ProcessMark | undefined): AppError {
  const host = holder === undefined || holder.place === own.place ? '' : ` on ${holder.place.split(' ')[0]}`
  const who = holder === undefined ? 'another process' : `process ${holder.pid}${host}`
  const advice = 'stop it or give another --data-path'
  return new AppError('config.invalid', `${path} is held by ${who}, which runs as this node: ${advice}`)
}
