import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import { entryContent } from '../download/entry-content.ts'
import { asWriteError } from '../download/partial-file.ts'

/** One member of a layer. */
export interface LayerEntry {
  readonly path: string
  readonly type: string
  readonly mode?: number
  readonly linkpath?: string
  readonly size: number
  /** Only of the member that is being taken, and once. */
  content(): AsyncIterable<Buffer>
}

const GZIP = Buffer.from([0x1f, 0x8b])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/**
 * Gives the members of a tar archive to `take`, one after the other. What the archive is compressed with, its first bytes
 * say: media types are not always right. Throws `download.failed` for what is no archive, and an AppError of
 * `take`; its other errors become `download.failed`.
 */
export async function readLayer(
  archive: string,
  take: (entry: LayerEntry) => Promise<void>,
  options: AbortOptions,
): Promise<void> {
  const stopped = new AbortController()
  const signal = anySignal(stopped.signal, options.signal)
  let taking: Promise<void> = Promise.resolve()
  let entries = 0
  let isEmpty = false
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    stopped.abort(error)
  }
  const takeNext = (entry: ReadEntry): void => {
    entries += 1
    taking = taking.then(async () => {
      if (signal.aborted) return
      await take(toLayerEntry(entry, signal)).catch(fail)
      // Whatever was not read of it; the next one comes only then.
      entry.resume()
    })
  }
  const parser = new Parser({ strict: true, onReadEntry: takeNext })
  parser.on('error', (error: unknown) => {
    if (!isEmpty) fail(error)
  })
  parser.on('ignoredEntry', (entry: ReadEntry) => fail(unknownKind(entry)))
  parser.on('eof', () => {
    isEmpty = entries === 0
  })
  try {
    const steps = [createReadStream(archive), ...(await decompressorOf(archive)), parser]
    await pipeline(steps as unknown as NodeJS.ReadWriteStream[], { signal })
  } catch (error) {
    // An archive of nothing but its end is how layers without files are written; the library takes it for none.
    if (!isEmpty) fail(error)
  }
  await taking
  options.signal?.throwIfAborted()
  if (failure === undefined) return
  failure = asWriteError(failure, archive)
  if (failure instanceof AppError) throw failure
  const reason = failure instanceof Error ? failure.message : String(failure)
  throw new AppError('download.failed', `a layer of the image cannot be unpacked: ${reason}`, { cause: failure })
}

function toLayerEntry(entry: ReadEntry, signal: AbortSignal): LayerEntry {
  const { path, type, mode, linkpath, size } = entry
  return {
    path,
    type,
    size,
    ...(mode === undefined ? {} : { mode }),
    ...(linkpath === undefined ? {} : { linkpath }),
    content: () => entryContent(entry as unknown as AsyncIterable<Buffer>, signal),
  }
}

async function decompressorOf(archive: string): Promise<readonly Transform[]> {
  await using file = await open(archive)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(ZSTD.length), 0, ZSTD.length, 0)
  const start = buffer.subarray(0, bytesRead)
  if (start.subarray(0, GZIP.length).equals(GZIP)) return [createGunzip()]
  return start.equals(ZSTD) ? [createZstdDecompress()] : []
}

function unknownKind({ path, type }: ReadEntry): AppError {
  const what = `"${path.slice(0, 200)}" is of a kind (${type}) that is not known here`
  return new AppError('download.refused', `the image is not unpacked: ${what}`)
}
