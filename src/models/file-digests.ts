import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface FileDigests extends Startable {
  /** SHA-256 in hex and size of a file as it is now, once it has been read; asking starts the reading. */
  of(path: string): FileDigest | undefined
}

export interface FileDigest {
  readonly sha256: string
  readonly sizeBytes: number
}

/** Small pieces: hashing happens between the tokens of whatever else this process does. */
const PIECE_BYTES = 128 * 1024
/** How long a digest is believed before the file's time and size are looked at again. */
const RECHECK_MS = 5000

interface Known {
  readonly stamp: string
  readonly digest: FileDigest | undefined
  readonly checkedAt: number
}

/** Digests of model files, one file at a time, in the background. A file that changes is read again. */
export function createFileDigests(deps: {
  readonly log: Pick<Logger, 'debug'>
  readonly now?: () => number
}): FileDigests {
  const now = deps.now ?? (() => performance.now())
  const known = new Map<string, Known>()
  const queue = new Set<string>()
  const stopping = new AbortController()
  let running: Promise<void> | undefined

  async function readAll(): Promise<void> {
    for (const path of queue) {
      if (stopping.signal.aborted) return
      await read(path).catch((error: unknown) => {
        if (!known.has(path)) deps.log.debug({ err: error }, 'a model file could not be hashed')
        known.set(path, { stamp: '', digest: undefined, checkedAt: now() })
      })
      queue.delete(path)
    }
    running = undefined
  }

  async function read(path: string): Promise<void> {
    const info = await stat(path)
    // Opening a named pipe would wait for ever.
    if (!info.isFile()) throw new Error('it is no regular file')
    const { size, mtimeMs } = info
    const stamp = `${size} ${mtimeMs}`
    const before = known.get(path)
    const digest =
      before?.stamp === stamp ? before.digest : { sha256: await sha256Of(path, stopping.signal), sizeBytes: size }
    known.set(path, { stamp, digest, checkedAt: now() })
  }

  return {
    start: async () => {},
    async stop() {
      stopping.abort()
      await running
    },
    of(path) {
      const found = known.get(path)
      if (found === undefined || now() - found.checkedAt > RECHECK_MS) {
        queue.add(path)
        running ??= readAll()
      }
      return found?.digest
    },
  }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES, signal })) hash.update(piece)
  return hash.digest('hex')
}
