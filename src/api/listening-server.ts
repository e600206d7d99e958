import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'
import { HTTP_LIMITS } from './http-app.ts'
import { type ListenAddress, parseListenAddress, toListenError } from './listen-address.ts'
import type { Shutdown } from './shutdown.ts'
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
  init: { readonly address: string },
): ApiServer {
  const sockets = createSockets(app.server)
  async function close(): Promise<void> {
    await Promise.all([app.close(), sockets.drain()])
  }
  return {
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      app.server.maxConnections = HTTP_LIMITS.maxConnections
      await listen(app, parseListenAddress(init.address))
      log.info({ address: boundTo(app) }, 'HTTP API is listening')
    },
    stop: () => shutdown.run({ close, cut: () => sockets.cut() }),
    address: () => boundTo(app),
  }
}

/** No host means every address, IPv6 and IPv4; machines without IPv6 have the second only. */
async function listen(app: FastifyInstance, address: ListenAddress): Promise<void> {
  const { host, port } = address
  try {
    if (host !== undefined) await app.listen({ host, port })
    else {
      await app.listen({ host: '::', port }).catch(async (error: unknown) => {
        if (!isWithoutIpv6(error)) throw error
        await app.listen({ host: '0.0.0.0', port })
      })
    }
  } catch (error) {
    throw toListenError(error, address)
  }
}

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')
}

function boundTo(app: FastifyInstance): { readonly host: string; readonly port: number } {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new AppError('internal', 'the HTTP API is not listening')
  return { host: address.address, port: address.port }
}
