import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** A connection without work is ended; one whose other side does not end it as well is cut after this long. */
const LINGER_MS = 1000

/**
 * The connections of an HTTP server, and which of them have work: node:http itself knows neither those that were handed
 * to it nor, among its own, those on which nobody has asked for anything yet, and these would hold up its end.
 */
export interface Sockets {
  /** From now on each connection is ended as soon as no request runs on it; resolves when all are closed. */
  drain(): Promise<void>
  cut(): void
}

export function createSockets(server: Server): Sockets {
  /** With the number of requests that run on each. */
  const open = new Map<Duplex, number>()
  const emptied = Promise.withResolvers<void>()
  let draining = false

  function change(socket: Duplex, by: 1 | -1): void {
    const running = open.get(socket)
    if (running === undefined) return
    open.set(socket, running + by)
    if (draining) endIdle(socket)
  }

  function endIdle(socket: Duplex): void {
    if (open.get(socket) !== 0 || socket.writableEnded) return
    // Not destroyed at once: that might overtake the end of an answer that is still on its way.
    socket.end()
    const linger = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(linger))
  }

  server.on('connection', (socket: Duplex) => {
    if (draining) {
      socket.destroy()
      return
    }
    open.set(socket, 0)
    socket.once('close', () => {
      open.delete(socket)
      if (draining && open.size === 0) emptied.resolve()
    })
  })
  server.on('request', ({ socket }, response) => {
    change(socket, 1)
    response.once('close', () => change(socket, -1))
  })

  return {
    async drain() {
      draining = true
      if (open.size === 0) return
      for (const socket of open.keys()) endIdle(socket)
      await emptied.promise
    },
    cut() {
      for (const socket of open.keys()) socket.destroy()
    },
  }
}
