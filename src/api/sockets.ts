import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** The connections of an HTTP server that does not listen: node:http itself keeps track of those it accepted only. */
export interface Sockets {
  accept(socket: Duplex): void
  /** Ends each connection as soon as no request runs on it; resolves when all are closed. */
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
    if (open.get(socket) === 0) socket.end(() => socket.destroy())
  }

  server.on('request', ({ socket }, response) => {
    change(socket, 1)
    response.once('close', () => change(socket, -1))
  })

  return {
    accept(socket) {
      open.set(socket, 0)
      socket.once('close', () => {
        open.delete(socket)
        if (draining && open.size === 0) emptied.resolve()
      })
      server.emit('connection', socket)
    },
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
