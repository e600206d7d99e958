import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Logger } from '../../telemetry/logger.ts'
import { ended, isOver, type Job } from './job.ts'

const StoredJob = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
  kind: Type.Union([Type.Literal('model'), Type.Literal('backend')]),
  action: Type.Union([Type.Literal('install'), Type.Literal('delete')]),
  subject: Type.String({ maxLength: 4096 }),
  state: Type.Union(['queued', 'running', 'done', 'failed', 'cancelled'].map((state) => Type.Literal(state))),
  message: Type.String({ maxLength: 8192 }),
  file: Type.Optional(Type.String({ maxLength: 4096 })),
  percent: Type.Number({ minimum: 0, maximum: 100 }),
  receivedBytes: Type.Number({ minimum: 0 }),
  totalBytes: Type.Optional(Type.Number({ minimum: 0 })),
  error: Type.Optional(Type.String({ maxLength: 8192 })),
  createdUnixMs: Type.Number(),
  endedUnixMs: Type.Optional(Type.Number()),
})
const validator = Compile(Type.Array(Type.Unknown(), { maxItems: 10_000 }))
const jobValidator = Compile(StoredJob)

const MAX_FILE_BYTES = 4 * 1024 * 1024

/** The jobs of a node in one file, which is replaced as a whole. */
export interface JobHistory {
  /** In the order they were made; what was not over when the node ended has failed. */
  read(): Promise<readonly Job[]>
  /** Writes soon; of several calls in a row the last one counts. */
  write(jobs: readonly Job[]): void
  /** Ends when everything is written. */
  written(): Promise<void>
}

export function createJobHistory(
  { log, now = Date.now }: { readonly log: Pick<Logger, 'warn'>; readonly now?: () => number },
  { path }: { readonly path: string },
): JobHistory {
  let waiting: readonly Job[] | undefined
  let writing: Promise<void> | undefined

  async function writeAll(): Promise<void> {
    for (let jobs = waiting; jobs !== undefined; jobs = waiting) {
      waiting = undefined
      try {
        await replaceFile(path, JSON.stringify(jobs))
      } catch (error) {
        log.warn({ err: error }, 'the history of jobs cannot be written')
      }
    }
  }

  return {
    async read() {
      try {
        const found = await stat(path).catch(() => undefined)
        if (found === undefined) return []
        if (!found.isFile() || found.size > MAX_FILE_BYTES) throw new Error('it is too large')
        const value: unknown = JSON.parse(await readFile(path, 'utf8'))
        if (!validator.Check(value)) throw new Error('it is no list')
        return value.flatMap((item) => (jobValidator.Check(item) ? [interrupted(item as Job, now())] : []))
      } catch (error) {
        log.warn({ err: error }, 'the history of jobs cannot be read: it begins anew')
        return []
      }
    },
    write(jobs) {
      waiting = jobs
      writing ??= writeAll().finally(() => {
        writing = undefined
      })
    },
    async written() {
      await writing
    },
  }
}

function interrupted(job: Job, nowUnixMs: number): Job {
  return isOver(job) ? job : ended(job, { state: 'failed', error: 'the node ended before this was done' }, nowUnixMs)
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${crypto.randomUUID()}.tmp`
  try {
    const handle = await open(unfinished, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
}
