import type { Server } from 'node:http'
import type { AcceptSocket } from '../../../src/p2p/network.ts'

/**
 * Serves members' sockets with an HTTP server that listens nowhere.
 *
 * Only a server that listens keeps its list of connections and looks at it every `connectionsCheckingInterval`. Without,
 * neither `headersTimeout` nor `requestTimeout` ever strikes and `closeAllConnections` closes none; so the server is told
 * that it listens. `close()` ends the checks again.
 */
export function acceptInto(server: Server): AcceptSocket {
  server.emit('listening')
  return (socket) => void server.emit('connection', socket)
}
