import type { Readable } from 'node:stream'

/** So many bytes may lie here before the stream is told to wait, unless somebody waits for more. */
const HIGH_WATER_BYTES = 256 * 1024

/** What comes out of a stream, in pieces that the reader asks for. Bytes are not copied where they came together. */
export interface ByteReader {
  readonly length: number
  /** Waits until so many bytes are here; false: the stream ends before that. One caller at a time. */
  fill(count: number, stallTimeoutMs?: number): Promise<boolean>
  /** The first bytes, which stay. `count` must not be more than `length`. */
  peek(count: number): Buffer
  take(count: number): Buffer
  /** As many as came together, and at most `most`; never empty while `length` is not 0. */
  takeSome(most: number): Buffer
  /** Takes its listeners off the stream. */
  close(): void
}

export interface ByteReaderInit {
  /** Called for every chunk. */
  readonly moved?: (bytes: number) => void
  /** `fill` waited as long as it was told to without a byte. It goes on waiting, and tells again after as long. */
  readonly stalled?: () => void
  /** Once, when the stream ends, however. */
  readonly ended?: () => void
}

export function createByteReader(stream: Readable, init: ByteReaderInit = {}): ByteReader {
  const chunks: Buffer[] = []
  let length = 0
  let over = false
  let waiting: { readonly count: number; readonly resolve: (filled: boolean) => void } | undefined
  let timer: NodeJS.Timeout | undefined

  function settle(): void {
    if (waiting === undefined || (length < waiting.count && !over)) return
    const { count, resolve } = waiting
    waiting = undefined
    clearInterval(timer)
    timer = undefined
    resolve(length >= count)
  }
  function onData(chunk: Buffer): void {
    chunks.push(chunk)
    length += chunk.length
    init.moved?.(chunk.length)
    timer?.refresh()
    settle()
    if (length >= HIGH_WATER_BYTES && waiting === undefined) stream.pause()
  }
  function onOver(): void {
    if (over) return
    over = true
    settle()
    init.ended?.()
  }
  /** Makes one chunk of the first `count` bytes. */
  function gather(count: number): Buffer {
    const [first] = chunks
    if (first !== undefined && first.length >= count) return first
    const parts: Buffer[] = []
    let have = 0
    while (have < count) {
      const part = chunks.shift()
      if (part === undefined) break
      parts.push(part)
      have += part.length
    }
    const joined = Buffer.concat(parts, have)
    chunks.unshift(joined)
    return joined
  }
  function take(count: number): Buffer {
    if (count === 0) return Buffer.alloc(0)
    const first = gather(count)
    length -= count
    if (first.length === count) chunks.shift()
    else chunks[0] = first.subarray(count)
    return first.subarray(0, count)
  }

  stream.on('data', onData)
  stream.on('end', onOver)
  stream.on('close', onOver)
  if (stream.readableEnded || stream.destroyed) queueMicrotask(onOver)
  return {
    get length() {
      return length
    },
    fill(count, stallTimeoutMs) {
      if (length >= count) return Promise.resolve(true)
      if (over) return Promise.resolve(false)
      return new Promise((resolve) => {
        waiting = { count, resolve }
        if (stallTimeoutMs !== undefined) timer = setInterval(() => init.stalled?.(), stallTimeoutMs)
        stream.resume()
      })
    },
    peek: (count) => gather(count).subarray(0, count),
    take,
    takeSome: (most) => take(Math.min(most, chunks[0]?.length ?? 0)),
    close() {
      stream.off('data', onData)
      stream.off('end', onOver)
      stream.off('close', onOver)
      onOver()
      chunks.length = 0
      length = 0
    },
  }
}
