import type { Duplex } from 'node:stream'
import type { StreamEnd } from '../worker-stream.ts'

/** The life of what stands between two streams: it ends once, and then both are destroyed. */
export interface TwoEnds {
  /** Resolves with how it ended, rejects with the signal's reason or with what was thrown between the streams. */
  readonly over: Promise<StreamEnd>
  /** False: it had ended already. */
  finish(end: StreamEnd): boolean
  /** Runs a part of the work; what it throws ends all. */
  run(work: () => Promise<void>): void
}

export function createTwoEnds(streams: readonly [Duplex, Duplex], signal: AbortSignal | undefined): TwoEnds {
  const { promise, resolve, reject } = Promise.withResolvers<StreamEnd>()
  let isOver = false
  function destroyAll(): void {
    isOver = true
    signal?.removeEventListener('abort', onAbort)
    for (const stream of streams) stream.destroy()
  }
  function fail(reason: unknown): void {
    reject(reason)
    destroyAll()
  }
  function onAbort(): void {
    fail(signal?.reason)
  }
  for (const stream of streams) {
    // A reset is an end like others, and is seen as one; without a listener it would end the process.
    const ignore = () => {}
    stream.on('error', ignore)
    stream.once('close', () => stream.off('error', ignore))
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  return {
    over: promise,
    finish(end) {
      if (isOver) return false
      resolve(end)
      destroyAll()
      return true
    },
    run(work) {
      work().catch(fail)
    },
  }
}
