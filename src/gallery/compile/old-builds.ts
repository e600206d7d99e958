import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProcessAlive } from '../../base/process-alive.ts'

/** Somebody may have two versions of this program and start them in turn. */
const KEPT_UNUSED_MS = 24 * 60 * 60_000
/** As keys end: what decided the build. */
const BUILD = /-[0-9a-f]{12}$/
const MARK = /^(.+)\.used-(\d+)$/

/**
 * Says that this process uses the build, so that no other removes it while this one lives: a worker's program is started
 * long after it was looked for. A cache that cannot be written to is left as it is.
 */
export async function markBuildUsed(parentDir: string, key: string): Promise<void> {
  try {
    for (const { of, pid, path } of await marksIn(parentDir)) {
      if (of === key && !isProcessAlive(pid)) await rm(path, { force: true })
    }
    await writeFile(join(parentDir, `${key}.used-${process.pid}`), '')
  } catch {}
}

/** Removes what other versions have built, when no process that lives has marked it, and none has in the last day. */
export async function removeOldBuilds(
  parentDir: string,
  { key, nowMs }: { readonly key: string; readonly nowMs: number },
): Promise<void> {
  const marks = await marksIn(parentDir)
  for (const entry of await readdir(parentDir, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === key || !BUILD.test(entry.name)) continue
    const own = marks.filter(({ of }) => of === entry.name)
    const folder = join(parentDir, entry.name)
    const times = await Promise.all(
      [folder, ...own.map(({ path }) => path)].map(async (path) => (await stat(path)).mtimeMs),
    )
    if (own.some(({ pid }) => isProcessAlive(pid)) || nowMs - Math.max(...times) < KEPT_UNUSED_MS) continue
    for (const path of [folder, ...own.map(({ path }) => path)]) await rm(path, { recursive: true, force: true })
  }
}

async function marksIn(
  parentDir: string,
): Promise<readonly { readonly of: string; readonly pid: number; readonly path: string }[]> {
  return (await readdir(parentDir)).flatMap((name) => {
    const [, of, pid] = MARK.exec(name) ?? []
    return of === undefined ? [] : [{ of, pid: Number(pid), path: join(parentDir, name) }]
  })
}
