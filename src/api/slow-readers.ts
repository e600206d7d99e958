import type { Server } from 'node:http'

/**
 * Cuts off a client that takes nothing of its answer for so long. Streams look after their clients themselves
 * (`drained.ts`); this is for answers that were written in one piece, and for the last piece of all others, which would
 * hold their place in the queue, and themselves, for as long as the connection stays open. An answer may take its time:
 * only what waits to be read counts.
 */
export function cutSlowReaders(server: Server, { stallTimeoutMs }: { readonly stallTimeoutMs: number }): void {
  server.on('request', ({ socket }, response) => {
    // Node counts every byte that the other side takes as a sign of life (net.Socket#setTimeout).
    response.setTimeout(stallTimeoutMs, () => {
      if (socket.writableLength > 0) socket.destroy()
    })
  })
}
