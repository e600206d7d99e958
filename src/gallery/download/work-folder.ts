import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isProcessAlive, startOfProcess } from '../../base/process-alive.ts'

/** Nobody here sees the processes of another machine, or of another container: what theirs left goes after this time. */
const KEEP_OTHERS_MS = 7 * 24 * 60 * 60_000
/** Process, machine and when the process began, as the name says; the last two are not in names of earlier versions. */
const NAME = /^\.work-(\d+)-(?:([0-9a-f]{12})-(\d*)-)?/

/**
 * A folder beside the files being made (same disk, so that a rename works), gone when its user is done. What a
 * process that was killed has left behind goes with the next one that is made.
 */
export async function makeWorkFolder(parent: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true })
  await removeAbandoned(parent)
  const path = await mkdtemp(join(parent, `.work-${process.pid}-${here()}-${await startOfProcess(process.pid)}-`))
  return {
    path,
    [Symbol.asyncDispose]: () => removeTree(path),
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!NAME.test(name) || !(await isAbandoned(parent, name))) continue
    // That of another user stays, and is in nobody's way.
    await removeTree(join(parent, name)).catch(() => {})
  }
}

async function isAbandoned(parent: string, name: string): Promise<boolean> {
  const [, pid, machine = here(), started = ''] = NAME.exec(name) ?? []
  if (machine === here()) {
    if (!isProcessAlive(Number(pid))) return true
    // In a container a process has the number of the one before it.
    if (started !== '') return started !== (await startOfProcess(Number(pid)))
  }
  const changed = (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs
  return changed !== undefined && Date.now() - changed > KEEP_OTHERS_MS
}

function here(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 12)
}

/** Removes a folder with all that is in it, read-only folders included, which copies and archives may bring. */
export async function removeTree(path: string): Promise<void> {
  const how = { recursive: true, force: true, maxRetries: 3 } as const
  try {
    await rm(path, how)
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    if (!(await lstat(path)).isDirectory()) throw error
    await makeWritable(path)
    await rm(path, how)
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name))
  }
}
