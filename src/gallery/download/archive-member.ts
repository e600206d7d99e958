import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { type Entry, openPromise } from 'yauzl'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { entryContent } from './entry-content.ts'

export interface MemberRequest {
  readonly archive: string
  /** Exact path inside the archive. */
  readonly member: string
  readonly maxBytes: number
}

/** Takes the bytes of the member; `sizeBytes` is what the archive promises. */
export type MemberSink = (source: AsyncIterable<Buffer>, sizeBytes: number) => Promise<void>

const MAX_ENTRIES = 200_000
const FILE_TYPE_MASK = 0o170000
const REGULAR_FILE = 0o100000

/** Reads one file out of a zip archive such as a Python wheel. Links, encryption and sizes that do not fit are refused. */
export async function readZipMember(request: MemberRequest, sink: MemberSink, options: AbortOptions): Promise<void> {
  const zip = await openPromise(request.archive, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
    throw badArchive(request, error)
  })
  try {
    if (zip.entryCount > MAX_ENTRIES) throw badArchive(request, 'it has too many entries')
    for await (const entry of zip.eachEntry()) {
      options.signal?.throwIfAborted()
      if (entry.fileName !== request.member) continue
      checkZipEntry(entry, request)
      const stream = await zip.openReadStreamPromise(entry)
      // It may fail before anyone reads from it; whoever reads then gets the error.
      stream.on('error', () => {})
      await sink(checkedBytes(stream, { ...request, crc32: entry.crc32 }, options), entry.uncompressedSize)
      return
    }
  } catch (error) {
    throw error instanceof Error && !(error instanceof AppError) && isZipComplaint(error)
      ? badArchive(request, error)
      : error
  } finally {
    zip.close()
  }
  throw noMember(request)
}

/** Reads one file out of a `.tgz` as npm packs them; `member` is relative to the package's own folder. */
export async function readTarMember(request: MemberRequest, sink: MemberSink, options: AbortOptions): Promise<void> {
  let found: Promise<void> | undefined
  let entries = 0
  const stopped = new AbortController()
  const signal = AbortSignal.any([stopped.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const parser = new Parser({
    strict: true,
    onReadEntry(entry: ReadEntry) {
      entries += 1
      if (found !== undefined || withoutFirstFolder(entry.path) !== request.member) entry.resume()
      else {
        found = takeTarEntry(entry, request, { sink, signal }).finally(() => stopped.abort())
        // It is awaited below, maybe only after it has failed.
        found.catch(() => {})
      }
      if (entries > MAX_ENTRIES) stopped.abort()
    },
  })
  try {
    await pipeline(createReadStream(request.archive), parser as unknown as NodeJS.WritableStream, { signal })
  } catch (error) {
    const wasStopped = stopped.signal.aborted
    stopped.abort(error)
    // It lets go of what it has open.
    await found?.catch(() => {})
    options.signal?.throwIfAborted()
    if (found === undefined) throw badArchive(request, entries > MAX_ENTRIES ? 'it has too many entries' : error)
    // The reading was stopped because the member is complete, or the member's own failure says more.
    if (!wasStopped) throw badArchive(request, error)
  }
  if (found === undefined) throw noMember(request)
  await found
}

async function takeTarEntry(
  entry: ReadEntry,
  request: MemberRequest,
  { sink, signal }: { readonly sink: MemberSink; readonly signal: AbortSignal },
): Promise<void> {
  if (entry.type !== 'File' && entry.type !== 'OldFile' && entry.type !== 'ContiguousFile') {
    throw badArchive(request, `it is a ${entry.type}, not a file`)
  }
  checkMemberSize(entry.size, request)
  await sink(entryContent(entry as unknown as AsyncIterable<Buffer>, signal), entry.size)
}

async function* checkedBytes(
  source: AsyncIterable<Buffer>,
  request: MemberRequest & { readonly crc32: number },
  options: AbortOptions,
): AsyncGenerator<Buffer> {
  let sum = 0
  try {
    for await (const chunk of source) {
      options.signal?.throwIfAborted()
      sum = crc32(chunk, sum)
      yield chunk
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw badArchive(request, error)
  }
  if (sum !== request.crc32) throw badArchive(request, 'its bytes do not match their checksum (CRC)')
}

function checkZipEntry(entry: Entry, request: MemberRequest): void {
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK
  if (type !== 0 && type !== REGULAR_FILE) throw badArchive(request, 'it is a link or something else that is no file')
  if (!entry.canDecodeFileData()) throw badArchive(request, 'it is encrypted or compressed in an unknown way')
  checkMemberSize(entry.uncompressedSize, request)
}

function checkMemberSize(bytes: number, request: MemberRequest): void {
  if (bytes > request.maxBytes) throw badArchive(request, `it is larger than the limit of ${request.maxBytes} bytes`)
}

function isZipComplaint(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === undefined && error.name !== 'AbortError'
}

function withoutFirstFolder(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}

function noMember(request: MemberRequest): AppError {
  return new AppError('download.failed', `the package has no file "${request.member}"`)
}

function badArchive(request: MemberRequest, reason: unknown): AppError {
  const text = reason instanceof Error ? reason.message : String(reason)
  const init = reason instanceof Error ? { cause: reason } : {}
  return new AppError('download.failed', `cannot take "${request.member}" out of the package: ${text}`, init)
}
