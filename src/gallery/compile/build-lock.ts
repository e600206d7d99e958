import { link, lstat, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { isProcessAlive } from '../../base/process-alive.ts'
import type { AbortOptions } from '../../base/signals.ts'

const LOOK_AGAIN_MS = 250

/**
 * Holds a lock file that other processes of this machine respect, until disposed. Who finds it taken waits; who finds
 * its holder dead takes it over. `done` ends the wait early: what was to be made is there.
 */
export async function takeLock(
  file: string,
  options: AbortOptions & { readonly done: () => Promise<boolean> },
): Promise<AsyncDisposable | undefined> {
  const own = `${process.pid} ${crypto.randomUUID()}`
  while (!(await options.done())) {
    if (await writeNew(file, own)) {
      return {
        async [Symbol.asyncDispose]() {
          if ((await readHolder(file)) === own) await rm(file, { force: true })
        },
      }
    }
    const holder = await readHolder(file)
    if (holder !== undefined && !isProcessAlive(Number.parseInt(holder, 10))) await rm(file, { force: true })
    else await waitABit(options)
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

/** Undefined when it is gone meanwhile. What cannot be read would be waited for without an end. */
async function readHolder(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const isGone = (await lstat(file).catch(() => undefined)) === undefined
    if (isGone) return undefined
    const { code } = error as NodeJS.ErrnoException
    throw new AppError(
      'backend.build-failed',
      `the lock ${file} cannot be read (${code ?? String(error)}): delete it`,
      {
        cause: error,
      },
    )
  }
}
