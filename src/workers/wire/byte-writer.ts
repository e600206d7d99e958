import type { Writable } from 'node:stream'

/** Writes to a stream at the pace of who reads it. */
export interface ByteWriter {
  /** What is written in one turn of the event loop leaves as one: ggml sends eight small messages for a token. */
  write(bytes: Uint8Array): void
  /** Whether what was written still waits to be taken; `drained` then says when it was, or that the stream is gone. */
  readonly full: boolean
  drained(): Promise<void>
  /** Takes its listeners off the stream and lets go whoever waits. */
  close(): void
}

export interface ByteWriterInit {
  /** Called for everything that is written. */
  readonly moved?: (bytes: number) => void
  /** Told, again and again, while somebody waits in `drained` for so long. */
  readonly stalled?: { readonly everyMs: number; readonly tell: () => void } | undefined
}

export function createByteWriter(stream: Writable, { moved, stalled }: ByteWriterInit = {}): ByteWriter {
  let timer: NodeJS.Timeout | undefined
  let waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  function release(): void {
    clearInterval(timer)
    timer = undefined
    waiting?.resolve()
    waiting = undefined
  }
  stream.on('drain', release)
  stream.on('close', release)
  return {
    write(bytes) {
      if (stream.destroyed || stream.writableEnded) return
      moved?.(bytes.byteLength)
      if (stream.writableCorked === 0) {
        stream.cork()
        process.nextTick(() => stream.uncork())
      }
      stream.write(bytes)
    },
    get full() {
      return stream.writableNeedDrain && !stream.destroyed
    },
    drained() {
      if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve()
      waiting ??= Promise.withResolvers<void>()
      if (stalled !== undefined) timer ??= setInterval(stalled.tell, stalled.everyMs)
      return waiting.promise
    },
    close() {
      stream.off('drain', release)
      stream.off('close', release)
      release()
    },
  }
}
