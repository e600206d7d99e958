import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'
import { HTTP_LIMITS } from './http-app.ts'
import { listenOn, parseListenAddress, toListenError } from './listen-address.ts'
import type { Shutdown } from './shutdown.ts'
import { cutSlowReaders } from './slow-readers.ts'
import { createSockets } from './sockets.ts'

export interface ApiServer extends Startable {
  /** Where it listens; only between `start` and `stop`. */
  address(): { readonly host: string; readonly port: number }
}

/** Puts an app on the network. */
export function createListeningServer(
  {
    app,
    shutdown,
    log,
  }: {
    readonly app: FastifyInstance
    readonly shutdown: Shutdown
    readonly log: Pick<Logger, 'info'>
  },
  init: { readonly address: string; readonly streamLimits?: { readonly stallTimeoutMs: number } | undefined },
): ApiServer {
  const sockets = createSockets(app.server)
  cutSlowReaders(app.server, init.streamLimits ?? HTTP_LIMITS)
  async function close(): Promise<void> {
    await Promise.all([app.close(), sockets.drain()])
  }
  return {
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      app.server.maxConnections = HTTP_LIMITS.maxConnections
      const address = parseListenAddress(init.address)
      await listenOn((at) => app.listen(at), address).catch((error: unknown) => {
        throw toListenError(error, address)
      })
      log.info({ address: boundTo(app) }, 'HTTP API is listening')
    },
    stop: () => shutdown.run({ close, cut: () => sockets.cut() }),
    address: () => boundTo(app),
  }
}

function boundTo(app: FastifyInstance): { readonly host: string; readonly port: number } {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new AppError('internal', 'the HTTP API is not listening')
  return { host: address.address, port: address.port }
}
