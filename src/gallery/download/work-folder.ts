import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isProcessAlive } from '../../base/process-alive.ts'

/**
 * A folder beside the files being made (same disk, so that a rename works), gone when its user is done. What a
 * process that was killed has left behind goes with the next one that is made.
 */
export async function makeWorkFolder(parent: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true })
  await removeAbandoned(parent)
  const path = await mkdtemp(join(parent, `.work-${process.pid}-`))
  return {
    path,
    [Symbol.asyncDispose]: () => removeFolder(path),
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = /^\.work-(\d+)-/.exec(name)?.[1]
    if (owner !== undefined && !isProcessAlive(Number(owner))) await removeFolder(join(parent, name))
  }
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
