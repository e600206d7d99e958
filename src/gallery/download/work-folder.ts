import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder beside the files being made (same disk, so that a rename works), gone when its user is done. */
export async function makeWorkFolder(parent: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(join(parent, '.work-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
