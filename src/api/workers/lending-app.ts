import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { addErrorAnswers } from '../error-answers.ts'
import { createHttpApp } from '../http-app.ts'
import { createShutdown } from '../shutdown.ts'
import { createSockets } from '../sockets.ts'
import { addLeaseUpgrades, isLeaseRequest, type LeaseUpgradesDeps } from './lease-upgrades.ts'
import { type WeightRoutesDeps, weightRoutes } from './weight-routes.ts'

/** What a node that lends shows to the other members. */
export interface LendingDeps extends Pick<LeaseUpgradesDeps, 'lender'>, WeightRoutesDeps {}

/** Adds it to a face for members whose app was made with `isLeaseRequest`. */
export function addLending(app: FastifyInstance, deps: LendingDeps & Pick<LeaseUpgradesDeps, 'log'>): void {
  addLeaseUpgrades(app.server, deps)
  app.register(weightRoutes, deps)
}

/** Nobody has to send this face a body. */
const UPLOAD_LIMIT_BYTES = 1024
const SHUTDOWN_TIMEOUT_MS = 1000

export interface LendingApp extends Startable {
  /** Serves HTTP/1.1 on a member's connection until either side ends it. Only between `start` and `stop`. */
  accept(socket: Duplex): void
}

/** The face for members of a node that lends and serves no requests. Its limits are those of every HTTP face. */
export function createLendingApp(deps: LendingDeps & { readonly log: Pick<Logger, 'warn' | 'error'> }): LendingApp {
  const shutdown = createShutdown({ timeoutMs: SHUTDOWN_TIMEOUT_MS })
  const app = createHttpApp(
    { uploadLimitBytes: UPLOAD_LIMIT_BYTES },
    { clientErrorHandler: (_error, socket) => socket.destroy(), shouldUpgrade: isLeaseRequest },
  )
  const sockets = createSockets(app.server)
  addErrorAnswers(app, deps, { toMembers: true })
  addLending(app, deps)
  return {
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      await app.ready()
      // A server that listens nowhere looks at no time-outs (seen on Node 24), so it is told that it listens.
      app.server.emit('listening')
    },
    accept: (socket) => void app.server.emit('connection', socket),
    stop: () =>
      shutdown.run({
        async close() {
          await sockets.drain()
          await app.close()
        },
        cut: () => sockets.cut(),
      }),
  }
}
