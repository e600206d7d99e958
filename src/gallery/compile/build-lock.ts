import { link, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isProcessAlive, startOfProcess } from '../../base/process-alive.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { readLock, removeAbandoned } from '../download/abandoned-lock.ts'

const LOOK_AGAIN_MS = 250
const FAILURE = 'backend.build-failed'

/**
 * Holds a lock file that other processes of this machine respect, until disposed. Who finds it taken waits; who finds
 * its holder dead takes it over. `done` ends the wait early: what was to be made is there.
 */
export async function takeLock(
  file: string,
  options: AbortOptions & { readonly done: () => Promise<boolean> },
): Promise<AsyncDisposable | undefined> {
  const own = `${process.pid} ${crypto.randomUUID()} ${await startOfProcess(process.pid)}`
  while (!(await options.done())) {
    if (await writeNew(file, own)) {
      return {
        async [Symbol.asyncDispose]() {
          if ((await readLock(file, FAILURE)) === own) await rm(file, { force: true })
        },
      }
    }
    const removed = (await isAbandoned(file)) && (await removeAbandoned(file, () => isAbandoned(file)))
    if (!removed) await waitABit(options)
  }
  return undefined
}

/** The file appears together with its text, or not at all. */
async function writeNew(file: string, text: string): Promise<boolean> {
  const unlinked = `${file}.${crypto.randomUUID()}`
  try {
    await writeFile(unlinked, text)
    await link(unlinked, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(unlinked, { force: true })
  }
}

async function waitABit({ signal }: AbortOptions): Promise<void> {
  try {
    await delay(LOOK_AGAIN_MS, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** In a container a process has the number of the one before it. */
async function isAbandoned(file: string): Promise<boolean> {
  const text = await readLock(file, FAILURE)
  if (text === undefined) return false
  const [, pid = '', started] = /^(\d+) \S+(?: (\d+))?$/.exec(text) ?? []
  if (!isProcessAlive(Number.parseInt(text, 10))) return true
  return started !== undefined && started !== (await startOfProcess(Number(pid)))
}
