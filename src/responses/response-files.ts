import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { AppError } from '../base/errors.ts'
import { isProcessAlive } from '../base/process-alive.ts'
import type { Logger } from '../telemetry/logger.ts'
import { RecordHead, ResponseRecord } from './response-record.ts'

export interface StoredFile {
  readonly head: RecordHead
  readonly bytes: number
}

/**
 * A folder with one file per response, for the owner's eyes only. The first line of a file is the head, the second the
 * record. After a crash there is the old file or the new one, never a part.
 */
export interface ResponseFiles {
  /** Before anything is written: heads of all files that can be read. The remains of writes that a crash ended are removed. */
  list(): Promise<StoredFile[]>
  /** Throws `internal` when the file is gone or not what was written. */
  read(id: string): Promise<ResponseRecord>
  /** Gives back how many bytes it takes. */
  write(head: RecordHead, body: string): Promise<number>
  remove(id: string): Promise<void>
}

const FILE = /^(resp_[0-9a-f]{10}_[0-9a-f]{32})\.json$/
const UNFINISHED = /^\.resp_[0-9a-f_]{43}\.(\d{1,10})\.new$/
/** Heads are short: no file is read further at the start. */
const MAX_HEAD_BYTES = 1024
const READ_AT_ONCE = 32

export interface ResponseFilesDeps {
  readonly log: Pick<Logger, 'warn'>
  /** Makes the folder above. */
  readonly makeParent: () => Promise<void>
}

export function createResponseFiles(
  { log, makeParent }: ResponseFilesDeps,
  { folder, maxFileBytes }: { readonly folder: string; readonly maxFileBytes: number },
): ResponseFiles {
  const pathOf = (id: string): string => join(folder, `${id}.json`)

  /** With the first response, a node that stores none leaves no folder; and when somebody has removed it. */
  async function makeFolder(): Promise<void> {
    await makeParent()
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }

  async function replaceFile(id: string, text: string): Promise<void> {
    const unfinished = join(folder, `.${id}.${process.pid}.new`)
    try {
      await using file = await open(unfinished, 'w', 0o600)
      await file.writeFile(text)
      await file.sync()
      await rename(unfinished, pathOf(id))
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {})
      throw error
    }
  }

  async function readHead(id: string): Promise<StoredFile | undefined> {
    try {
      await using file = await open(pathOf(id))
      const { size } = await file.stat()
      const start = await readStart(file, MAX_HEAD_BYTES)
      const head: unknown = JSON.parse(start.slice(0, start.indexOf('\n')))
      if (Value.Check(RecordHead, head) && head.id === id) return { head, bytes: size }
    } catch {}
    log.warn({ file: `${id}.json` }, 'a stored response cannot be read and is left alone')
    return undefined
  }

  return {
    async list() {
      const names = await readdir(folder).catch((err: NodeJS.ErrnoException) => {
        if (err.code !== 'ENOENT') log.warn({ err, folder }, 'the stored responses cannot be read')
        return []
      })
      for (const name of names) {
        const pid = Number(UNFINISHED.exec(name)?.[1])
        // In a container each life has the same number, and this one has not begun to write.
        if (Number.isNaN(pid) || (pid !== process.pid && isProcessAlive(pid))) continue
        await rm(join(folder, name), { force: true }).catch(() => {})
      }
      const ids = names.map((name) => FILE.exec(name)?.[1]).filter((id) => id !== undefined)
      const files: StoredFile[] = []
      while (ids.length > 0) {
        const heads = await Promise.all(ids.splice(0, READ_AT_ONCE).map(readHead))
        files.push(...heads.filter((head) => head !== undefined))
      }
      return files
    },
    async read(id) {
      let record: unknown
      try {
        await using file = await open(pathOf(id))
        const { size } = await file.stat()
        const text = size > maxFileBytes ? '' : await file.readFile('utf8')
        record = JSON.parse(text.slice(text.indexOf('\n') + 1))
      } catch (cause) {
        throw new AppError('internal', `the stored response ${id} cannot be read`, { cause })
      }
      if (!Value.Check(ResponseRecord, record)) throw new AppError('internal', `the stored response ${id} is damaged`)
      return record
    },
    async write(head, body) {
      const text = `${JSON.stringify(head)}\n${body}\n`
      await replaceFile(head.id, text).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        await makeFolder()
        await replaceFile(head.id, text)
      })
      return Buffer.byteLength(text)
    },
    remove: (id) => rm(pathOf(id), { force: true }),
  }
}

async function readStart(file: FileHandle, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.toString('utf8', 0, bytesRead)
}
