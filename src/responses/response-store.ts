import { AppError } from '../base/errors.ts'
import { holdsMost } from '../base/fair-share.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isFinished } from './resource.ts'
import type { ResponseFiles } from './response-files.ts'
import type { RecordHead, ResponseRecord } from './response-record.ts'
import { createUnwritten } from './unwritten.ts'

export interface ResponseStoreInit {
  /** A response leaves this long after it was last written; 0: never. */
  readonly ttlMs: number
  /** Beyond either bound the oldest finished responses leave of whoever has the most. */
  readonly maxCount: number
  readonly maxTotalBytes: number
  /** A larger response is not kept. */
  readonly maxFileBytes: number
  /** Of what cannot be written so much is kept in memory; beyond it the oldest leaves. */
  readonly maxUnwrittenBytes: number
}

export interface ResponseStoreDeps {
  readonly files: ResponseFiles
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Responses that survive a restart. Every look-up says who asks: what belongs to somebody else is not there. */
export interface ResponseStore {
  /** Learns what is on the disk; gives back the ids of those that were not finished. */
  load(): Promise<readonly string[]>
  find(id: string, owner: string | null): Promise<ResponseRecord | undefined>
  /** For the node itself, whoever owns it. */
  read(id: string): Promise<ResponseRecord | undefined>
  /** Whoever owns it, whether or not it can be read. */
  stateOf(id: string): 'finished' | 'unfinished' | undefined
  /**
   * Never fails: what cannot be written is told to the log and stays in memory. Writes of one response follow each
   * other.
   */
  save(record: ResponseRecord): Promise<void>
  /** Tries again what could not be written. Never fails. */
  writeAgain(): Promise<void>
  /** False when it was not there. */
  remove(id: string, owner: string | null): Promise<boolean>
  removeExpired(): Promise<void>
}

interface Entry {
  readonly owner: string | null
  finished: boolean
  savedAtMs: number
  bytes: number
  /** Kept until it is on the disk. */
  pending: ResponseRecord | undefined
  writing: Promise<void>
}

export function createResponseStore({ files, log, now }: ResponseStoreDeps, init: ResponseStoreInit): ResponseStore {
  /** In the order of their last writes. */
  const entries = new Map<string, Entry>()
  const unwritten = createUnwritten({ maxBytes: init.maxUnwrittenBytes })
  const removals = createRemovals()
  let total = 0

  const isExpired = ({ savedAtMs, finished }: Entry): boolean =>
    init.ttlMs > 0 && finished && now() - savedAtMs >= init.ttlMs

  async function take(id: string, entry: Entry): Promise<undefined> {
    entries.delete(id)
    unwritten.delete(id)
    total -= entry.bytes
    Object.assign(entry, { bytes: 0, pending: undefined })
    entry.writing = entry.writing.then(() => files.remove(id)).catch((err: unknown) => tell(err, id))
    await removals.note(id, entry.writing)
  }

  const tell = (err: unknown, id: string): void =>
    log.error({ err, response: id }, 'the store of responses could not be changed')

  async function makeRoom(): Promise<void> {
    while (entries.size > init.maxCount || total > init.maxTotalBytes) {
      const leaving = firstToLeave(entries, entries.size > init.maxCount ? 'number' : 'bytes')
      if (leaving === undefined) return
      await take(...leaving)
    }
  }

  async function write(id: string, entry: Entry): Promise<void> {
    const record = entry.pending
    // A later state was written in its place, or the response was removed.
    if (record === undefined || entries.get(id) !== entry) return
    const body = JSON.stringify(record)
    if (Buffer.byteLength(body) > init.maxFileBytes) throw tooLarge()
    const bytes = await files.write(headOf(id, entry), body)
    if (entry.pending === record) entry.pending = undefined
    if (entries.get(id) !== entry) return
    unwritten.delete(id)
    total += bytes - entry.bytes
    entry.bytes = bytes
  }

  /** Its older version, if there is one, is the one to find after a crash. */
  async function keepUnwritten(id: string, entry: Entry, err: unknown): Promise<void> {
    tell(err, id)
    if (entries.get(id) !== entry) return
    for (const leaving of isTooLarge(err) ? [id] : unwritten.add(id, sizeOf(entry))) {
      const left = entries.get(leaving)
      // Nobody waits here for a write: whoever is written may be waiting for this one.
      if (left !== undefined) void take(leaving, left)
    }
  }

  async function read(id: string): Promise<ResponseRecord | undefined> {
    const entry = entries.get(id)
    if (entry === undefined) return undefined
    if (isExpired(entry)) return await take(id, entry)
    if (entry.pending !== undefined) return entry.pending
    return await files.read(id).catch((error: unknown) => {
      // It left while it was read.
      if (entries.get(id) !== entry) return undefined
      throw error
    })
  }

  return {
    async load() {
      const found = await files.list()
      found.sort((one, other) => one.head.savedAtMs - other.head.savedAtMs)
      for (const { head, bytes } of found) {
        entries.set(head.id, { ...head, bytes, pending: undefined, writing: Promise.resolve() })
        total += bytes
      }
      await makeRoom()
      return [...entries].filter(([, { finished }]) => !finished).map(([id]) => id)
    },
    find: async (id, owner) => (entries.get(id)?.owner === owner ? await read(id) : undefined),
    read,
    stateOf: (id) => stateOf(entries.get(id), isExpired),
    async save(record) {
      const { id } = record.resource
      const entry: Entry = entries.get(id) ?? { ...NEW, owner: record.owner, writing: removals.of(id) }
      entries.delete(id)
      entries.set(id, entry)
      Object.assign(entry, { finished: isFinished(record.resource), savedAtMs: now(), pending: record })
      entry.writing = entry.writing.then(() => write(id, entry)).catch((err: unknown) => keepUnwritten(id, entry, err))
      await entry.writing
      await makeRoom()
    },
    async writeAgain() {
      for (const id of unwritten.ids()) {
        const entry = entries.get(id)
        if (entry !== undefined && !(await isWritten(entry, () => write(id, entry)))) return
      }
    },
    async remove(id, owner) {
      const entry = entries.get(id)
      if (entry === undefined || entry.owner !== owner) return false
      const expired = isExpired(entry)
      await take(id, entry)
      return !expired
    },
    async removeExpired() {
      for (const [id, entry] of entries) if (isExpired(entry)) await take(id, entry)
    },
  }
}

/** Files that are being removed: what is saved under the name of one comes after that. */
function createRemovals() {
  const last = new Map<string, Promise<void>>()
  return {
    of: (id: string): Promise<void> => last.get(id) ?? Promise.resolve(),
    async note(id: string, removed: Promise<void>): Promise<undefined> {
      last.set(id, removed)
      await removed
      if (last.get(id) === removed) last.delete(id)
    },
  }
}

/** After the writes before it. */
async function isWritten(entry: Entry, write: () => Promise<void>): Promise<boolean> {
  const attempt = entry.writing.then(write)
  entry.writing = attempt.catch(() => {})
  return await attempt.then(
    () => true,
    () => false,
  )
}

function headOf(id: string, { owner, finished, savedAtMs }: Entry): RecordHead {
  return { version: 1, id, owner, finished, savedAtMs }
}

function tooLarge(): AppError {
  return new AppError('request.too-large', 'the response is too large to be kept')
}

function isTooLarge(error: unknown): boolean {
  return error instanceof AppError && error.code === 'request.too-large'
}

/** In memory, about. */
function sizeOf({ pending }: Entry): number {
  return pending === undefined ? 0 : Buffer.byteLength(JSON.stringify(pending))
}

/** The oldest finished one of whoever has the most of what there is too much of; undefined when none is finished. */
function firstToLeave(
  entries: ReadonlyMap<string, Entry>,
  tooMuch: 'number' | 'bytes',
): readonly [id: string, entry: Entry] | undefined {
  const things = [...entries.values()].map(({ owner, bytes, finished }) => ({
    owner,
    amount: tooMuch === 'number' ? 1 : bytes,
    mayGo: finished,
  }))
  const owner = holdsMost(things)
  return [...entries].find(([, entry]) => entry.finished && entry.owner === owner)
}

const NEW = { finished: false, savedAtMs: 0, bytes: 0, pending: undefined } as const

function stateOf(
  entry: Entry | undefined,
  isExpired: (entry: Entry) => boolean,
): 'finished' | 'unfinished' | undefined {
  if (entry === undefined || isExpired(entry)) return undefined
  return entry.finished ? 'finished' : 'unfinished'
}
