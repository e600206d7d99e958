import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Startable } from '../base/lifecycle.ts'
import type { KeptAnswers } from '../federation/idempotency/kept-answers.ts'
import type { KeyTable } from '../federation/idempotency/key-table.ts'
import type { ServedPrompts } from '../federation/prefix/served-prompts.ts'
import { CALLER_HEADER } from '../federation/routed-request.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { addOpaqueErrors } from './access/opaque-errors.ts'
import { addBodyBudget, type BodyBudget, withinHeap } from './body-budget.ts'
import type { Caller } from './caller.ts'
import { addErrorAnswers } from './error-answers.ts'
import { createHttpApp, type HttpAppInit } from './http-app.ts'
import { addInferenceRoutes, type InferenceDeps, type InferenceInit, STREAM_LIMITS } from './inference-routes.ts'
import { addJournals } from './journal/continuity-of-request.ts'
import { JournalledResponse } from './journal/journalled-response.ts'
import { addJsonBody } from './json-body.ts'
import { keyRoutes } from './keyed/key-routes.ts'
import { addKeyedAnswers, type KeyedAnswersDeps } from './keyed/keyed-answers.ts'
import type { Drain } from './localai/drain.ts'
import { mcpServers } from './localai/mcp-servers.ts'
import { refuseWhileDraining } from './refuse-while-draining.ts'
import { addRequestLog } from './request-log.ts'
import { responseCopies, type Wards } from './responses/response-copies.ts'
import { createShutdown } from './shutdown.ts'
import { createSockets } from './sockets.ts'
import { addStamps } from './stamp.ts'
import { addTracing } from './tracing.ts'
import { isLeaseRequest } from './workers/lease-upgrades.ts'
import { addLending, type LendingDeps } from './workers/lending-app.ts'

export interface PeerAppDeps extends InferenceDeps {
  readonly log: Pick<Logger, 'info' | 'debug' | 'warn' | 'error'>
  readonly tracing?: Tracing | undefined
  /** Absent: the node takes requests until it stops. */
  readonly drain?: Pick<Drain, 'draining'>
  /** Hears of every prompt, which will be in the model's cache when its answer begins. */
  readonly served?: ServedPrompts['note']
  /** Absent: no answer is kept for a client that asks again. */
  readonly keyed?: { readonly kept: KeptAnswers; readonly table: KeyTable } | undefined
  /** Absent: copies of other nodes' responses are kept, and nobody goes on with what they have begun. */
  readonly wards?: Wards | undefined
  /** Absent: this node lends no memory. */
  readonly lending?: LendingDeps | undefined
}

export interface PeerAppInit extends HttpAppInit, InferenceInit {
  /** How long running requests may go on after `stop`. */
  readonly shutdownTimeoutMs: number
}

export interface PeerApp extends Startable {
  /** Serves HTTP/1.1 on a member's connection until either side ends it. Only between `start` and `stop`. */
  accept(socket: Duplex): void
}

const MEBIBYTE = 1024 * 1024
const BODY_BUDGET: BodyBudget = { totalBytes: withinHeap(256 * MEBIBYTE), perSourceBytes: 64 * MEBIBYTE }
/** Of the places for running requests, so that one member cannot shut out the others. */
const MAX_SHARE_OF_MEMBER = 3 / 4

/**
 * The face that the node shows to the other members: inference routes, and nothing that manages or reveals the node.
 * Whoever can open such a connection has proven to be a member, so no key is asked for. It never passes a request on,
 * and tells with `NOT_STARTED_HEADER` which errors another node may do better. Connections are handed in with their
 * first byte; from then on the limits of every HTTP face hold.
 */
export function createPeerApp(deps: PeerAppDeps, init: PeerAppInit): PeerApp {
  const { metrics, log, served } = deps
  const shutdown = createShutdown({ timeoutMs: init.shutdownTimeoutMs })
  const { stopping, giveUp } = shutdown
  const app = createHttpApp(init, {
    clientErrorHandler: (_error, socket) => socket.destroy(),
    response: JournalledResponse,
    ...(deps.lending === undefined ? {} : { shouldUpgrade: isLeaseRequest }),
  })
  const sockets = createSockets(app.server)
  const noteServed = ({ url: target, headers, routeOptions }: FastifyRequest, body: Buffer): void => {
    const { inference } = routeOptions.config
    if (inference !== undefined) served?.({ target, contentType: headers['content-type'], body, ...inference })
  }
  addErrorAnswers(app, { log }, { toMembers: true })
  if (init.access?.opaqueErrors === true) addOpaqueErrors(app)
  app.decorateRequest('caller', {
    getter() {
      return toldBy(this)
    },
  })
  // Addresses in an answer are for the client, whose node speaks plain HTTP unless a proxy before it says otherwise; that
  // the connection between the members is encrypted says nothing of it.
  app.addHook('onRequest', async ({ headers }) => {
    headers['x-forwarded-proto'] ??= 'http'
  })
  addStamps(app, { toMembers: true })
  if (deps.tracing !== undefined) addTracing(app, deps.tracing)
  addBodyBudget(app, { ...(init.bodyBudget ?? BODY_BUDGET), bodyLimitBytes: init.uploadLimitBytes })
  const counted = (request: FastifyRequest) => calls.counted(request) || isKeyed(request)
  addRequestLog(app, { metrics, log, stopping, counted }, {})
  // Before the journals: what is kept is in frames already.
  const isKeyed = addKeys(app, { ...deps, brokeOff: (request) => calls.brokeOff(request) }, init)
  const { unwrap } = addJournals(app)
  addJsonBody(
    app,
    () => false,
    (request, wrapped) => {
      const body = unwrap(request, wrapped)
      noteServed(request, body)
      return body
    },
  )
  refuseWhileDraining(app, deps.drain)
  if (deps.lending !== undefined) addLending(app, { log, ...deps.lending })
  app.register(mcpServers, deps)
  app.register(responseCopies, { responses: deps.responses, wards: deps.wards })
  const calls = addInferenceRoutes(app, { ...deps, giveUp }, { maxShareOfSource: MAX_SHARE_OF_MEMBER, ...init })
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
          deps.keyed?.kept.close()
          await sockets.drain()
          await app.close()
        },
        cut: () => sockets.cut(),
      }),
  }
}

/** Answers to requests with a key, and who has them. */
function addKeys(
  app: FastifyInstance,
  { keyed, brokeOff }: Pick<PeerAppDeps, 'keyed'> & Pick<KeyedAnswersDeps, 'brokeOff'>,
  { streamLimits = STREAM_LIMITS }: PeerAppInit,
): (request: FastifyRequest) => boolean {
  if (keyed === undefined) return () => false
  app.register(keyRoutes, { table: keyed.table })
  return addKeyedAnswers(app, { kept: keyed.kept, brokeOff }, streamLimits)
}

/** A member says for whom it asks; whether that was so, it has checked. */
function toldBy({ headers }: FastifyRequest): Caller {
  const told = headers[CALLER_HEADER]
  return { id: typeof told === 'string' && /^[\w:.-]{1,64}$/.test(told) ? told : undefined, role: 'user' }
}
