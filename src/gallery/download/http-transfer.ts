import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { checkSize } from './guard.ts'
import {
  asDownloadError,
  type HttpClient,
  type HttpResponse,
  type Retry,
  statusFailure,
  TransientFailure,
} from './http-client.ts'
import {
  asWriteError,
  checkDiskSpace,
  discardPartial,
  hashFile,
  ownPartialSize,
  type PartialNote,
  partialPath,
  readNote,
  writeNote,
  writeWhole,
} from './partial-file.ts'
import { createProgressMeter, type OnProgress } from './progress.ts'
import { describeUrl } from './uri.ts'

export interface TransferRequest {
  readonly url: string
  readonly target: string
  /** Name to report progress under. */
  readonly file: string
  readonly sha256?: string
  readonly maxBytes: number
  readonly attempts?: number
}

export interface TransferOptions extends AbortOptions {
  readonly onProgress?: OnProgress
}

export interface Transferred {
  readonly bytes: number
  readonly sha256: string
  /** Some of it came from an earlier attempt. */
  readonly resumed: boolean
}

/** An attempt that comes this much further than all before it starts the count of failures anew. */
const PROGRESS_BYTES = 1024 * 1024

/**
 * Brings `<target>.partial` to its full length, going on where an earlier attempt stopped when the server still has
 * the same file. Nothing is verified here but the length.
 */
export async function transfer(
  http: Pick<HttpClient, 'get' | 'retrying'>,
  request: TransferRequest,
  options: TransferOptions,
): Promise<Transferred> {
  let resumed = false
  const reach: Reach = { furthest: 0 }
  const signalOnly = options.signal === undefined ? {} : { signal: options.signal }
  return await http.retrying(
    async (retry) => {
      const start = await startingPoint(request, signalOnly)
      resumed ||= start.bytes > 0
      const response = await http.get(request.url, rangeHeaders(start), signalOnly)
      const plan = await planFor(response, start, request)
      if (plan === 'complete') return { bytes: start.bytes, sha256: start.hash.digest('hex'), resumed }
      if (plan.from === 0) resumed = false
      const done = await receive({ response, request, options, retry, reach, ...plan })
      return { ...done, resumed }
    },
    { ...signalOnly, ...(request.attempts === undefined ? {} : { attempts: request.attempts }) },
  )
}

interface StartingPoint {
  readonly bytes: number
  readonly hash: Hash
  /** Sent as If-Range: a server whose file has changed then answers with the whole of it. */
  readonly validator?: string
}

/** Without a validator or a checksum nobody could tell whether the two halves belong together. */
async function startingPoint(request: TransferRequest, options: AbortOptions): Promise<StartingPoint> {
  const fresh = { bytes: 0, hash: createHash('sha256') }
  const [bytes, note] = await Promise.all([ownPartialSize(request.target), readNote(request.target)])
  if (bytes === undefined || bytes === 0 || note === undefined) return fresh
  const sameSource = note.from === describeUrl(request.url)
  const sameSum = note.sha256 !== undefined && note.sha256 === request.sha256
  const validator = sameSource ? (note.etag ?? note.lastModified) : undefined
  if (!sameSum && validator === undefined) return fresh
  const hash = await hashFile(partialPath(request.target), options)
  return { bytes, hash, ...(validator === undefined ? {} : { validator }) }
}

function rangeHeaders(start: StartingPoint): Record<string, string> {
  if (start.bytes === 0) return {}
  const condition = start.validator === undefined ? {} : { 'if-range': start.validator }
  return { range: `bytes=${start.bytes}-`, ...condition }
}

interface ReceivePlan {
  readonly from: number
  readonly hash: Hash
  readonly totalBytes: number | undefined
}

async function planFor(
  response: HttpResponse,
  start: StartingPoint,
  request: TransferRequest,
): Promise<ReceivePlan | 'complete'> {
  const { status } = response
  if (status === 416 && start.bytes > 0) {
    response.body.on('error', () => {}).destroy()
    if (rangeTotal(response) === start.bytes) return 'complete'
    await discardPartial(request.target)
    throw brokenOff(response, 'the file there is not the one that was begun')
  }
  if (status !== 200 && status !== 206) throw statusFailure(response)
  const encoding = response.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    response.body.on('error', () => {}).destroy()
    throw new AppError(
      'download.failed',
      `${response.from} comes encoded (${encoding.slice(0, 40)}) though not asked to`,
    )
  }
  const length = lengthOf(response)
  if (status === 200) return { from: 0, hash: createHash('sha256'), totalBytes: length }
  if (rangeStart(response) !== start.bytes || start.bytes === 0) {
    await discardPartial(request.target)
    throw brokenOff(response, 'the server sent another range than the one asked for')
  }
  if (isChanged(response, start)) {
    await discardPartial(request.target)
    throw brokenOff(response, 'the file there has changed since it was begun')
  }
  return { from: start.bytes, hash: start.hash, totalBytes: rangeTotal(response) ?? addLength(start.bytes, length) }
}

/** Not every server looks at If-Range. */
function isChanged(response: HttpResponse, { validator }: StartingPoint): boolean {
  if (validator === undefined) return false
  const found = response.header(validator.startsWith('"') ? 'etag' : 'last-modified')
  return found !== undefined && found !== validator
}

/** A server that always breaks off at the same place, and cannot go on there, must not be asked without an end. */
interface Reach {
  furthest: number
}

interface Receiving extends ReceivePlan {
  readonly response: HttpResponse
  readonly request: TransferRequest
  readonly options: TransferOptions
  readonly retry: Retry
  readonly reach: Reach
}

async function receive(receiving: Receiving): Promise<{ bytes: number; sha256: string }> {
  const { response, request, options, from, hash, totalBytes, reach } = receiving
  const { target, maxBytes, file } = request
  let handle: FileHandle | undefined
  try {
    checkSize(totalBytes ?? 0, { maxBytes }, file)
    await checkDiskSpace(target, (totalBytes ?? 0) - from)
    if ((await ownPartialSize(target)) === undefined) await discardPartial(target)
    handle = await open(partialPath(target), from === 0 ? 'w' : 'a')
    await writeNote(target, noteOf(receiving))
    const meter = createProgressMeter(options.onProgress, file, totalBytes)
    let bytes = from
    meter.at(bytes)
    for await (const chunk of bodyOf(response, options.signal)) {
      bytes += chunk.length
      checkSize(bytes, { maxBytes }, file)
      await writeWhole(handle, chunk)
      hash.update(chunk)
      meter.at(bytes)
      if (bytes - Math.max(from, reach.furthest) >= PROGRESS_BYTES) {
        reach.furthest = bytes
        receiving.retry.progressed()
      }
    }
    if (totalBytes !== undefined && bytes !== totalBytes) throw brokenOff(response, 'it ended early')
    await handle.sync()
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    response.body.on('error', () => {}).destroy()
    if (error instanceof AppError && error.code === 'download.refused') await discardPartial(target)
    throw asWriteError(error, target, totalBytes)
  } finally {
    await handle?.close()
  }
}

async function* bodyOf(response: HttpResponse, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response.body) yield chunk as Buffer
  } catch (error) {
    throw asDownloadError(error, response.from, signal)
  }
}

function brokenOff(response: HttpResponse, reason: string): TransientFailure {
  response.body.on('error', () => {}).destroy()
  return new TransientFailure(new AppError('download.failed', `failed to download ${response.from}: ${reason}`))
}

function noteOf({ response, request, totalBytes }: Receiving): PartialNote {
  const etag = response.header('etag')
  const lastModified = response.header('last-modified')
  return {
    from: describeUrl(request.url),
    ...(etag?.startsWith('"') === true ? { etag } : {}),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...(request.sha256 === undefined ? {} : { sha256: request.sha256 }),
  }
}

function lengthOf(response: HttpResponse): number | undefined {
  const text = response.header('content-length')
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function addLength(start: number, length: number | undefined): number | undefined {
  return length === undefined ? undefined : start + length
}

function rangeStart(response: HttpResponse): number | undefined {
  const match = /^bytes (\d{1,15})-/.exec(response.header('content-range') ?? '')
  return match === null ? undefined : Number(match[1])
}

function rangeTotal(response: HttpResponse): number | undefined {
  const match = /^bytes [^/]+\/(\d{1,15})$/.exec(response.header('content-range') ?? '')
  return match === null ? undefined : Number(match[1])
}
