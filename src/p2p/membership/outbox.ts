import { AppError } from '../../base/errors.ts'
import type { FrameChannel } from './frame-channel.ts'

/** What waits to be sent on one link. A later message of the same key takes the place of an earlier one. */
export interface Outbox {
  /** `make` runs when there is room, so that what goes out is of that moment. */
  put(key: string, make: () => Uint8Array): void
  /** Resolves when nothing waits any more, or when nothing can be sent. */
  flushed(): Promise<void>
}

/**
 * Holds one message a key, so a peer that reads slowly gets the newest words and never a backlog; one that does not read at
 * all for `stallMs` breaks the link.
 */
export function createOutbox(channel: FrameChannel, init: { readonly stallMs: number }): Outbox {
  const waiting = new Map<string, () => Uint8Array>()
  let busy = false
  let sending = Promise.resolve()

  async function sendAll(): Promise<void> {
    busy = true
    try {
      for (const [key, make] of waiting) {
        waiting.delete(key)
        if (!channel.send(make())) await drained()
      }
    } catch (error) {
      waiting.clear()
      channel.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      busy = false
    }
  }
  async function drained(): Promise<void> {
    try {
      await channel.drained({ signal: AbortSignal.timeout(init.stallMs) })
    } catch (cause) {
      throw new AppError('peer.unreachable', 'it does not read what it is sent', { cause })
    }
  }
  return {
    put(key, make) {
      waiting.set(key, make)
      if (!busy) sending = sendAll()
    },
    flushed: () => sending,
  }
}
