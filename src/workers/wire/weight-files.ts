import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_PIECE_BYTES } from './rpc-protocol.ts'

const HASH = /^[0-9a-f]{64}$/
const UNFINISHED = '.tmp'

export interface WeightFile {
  readonly hash: string
  readonly bytes: number
  readonly usedMs: number
}

/** Where a piece lies: `ab/cdef…`. The hash must have passed `isHash`. */
export function pathOf(folder: string, hash: string): string {
  return join(folder, hash.slice(0, 2), hash.slice(2))
}

export function isHash(text: string): boolean {
  return HASH.test(text)
}

/** What lies in the folder, least used first. What was not finished, or is no piece, is removed if it is ours by name. */
export async function listWeightFiles(folder: string): Promise<WeightFile[]> {
  await mkdir(folder, { recursive: true })
  const found: WeightFile[] = []
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if (entry.name.endsWith(UNFINISHED)) {
      await rm(path, { force: true })
      continue
    }
    const hash = `${path.slice(folder.length + 1).slice(0, 2)}${entry.name}`
    if (!isHash(hash) || path !== pathOf(folder, hash)) continue
    const { size, mtimeMs } = await stat(path)
    if (size === 0 || size > MAX_PIECE_BYTES) await rm(path, { force: true })
    else found.push({ hash, bytes: size, usedMs: mtimeMs })
  }
  return found.sort((a, b) => a.usedMs - b.usedMs)
}

/** Under its name only when it is whole. */
export async function writeWeightFile(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${randomUUID()}${UNFINISHED}`
  await mkdir(join(path, '..'), { recursive: true })
  try {
    await writeFile(unfinished, bytes, { flag: 'wx' })
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw error
  }
}

/** The order of use outlives the process by the files' times. */
export async function touchWeightFile(path: string, nowMs: number): Promise<void> {
  await utimes(path, nowMs / 1000, nowMs / 1000)
}
