import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { mayBeAsked } from '../federation/candidates.ts'
import type { WhyRefused } from '../telemetry/load-metrics.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { AccessDeps } from './access/access.ts'
import { COUNT_TOKENS, MESSAGES } from './anthropic/inference-paths.ts'
import type { Forwarding } from './forwarding/serve-or-forward.ts'
import { createHttpApp } from './http-app.ts'
import { type ApiServer, createListeningServer } from './listening-server.ts'
import { DETOKENIZE, MCP_SERVERS, TOKENIZE } from './localai/inference-paths.ts'
import type { PeerToPeer } from './localai/p2p-nodes.ts'
import { urlWithoutPrefix } from './media/base-url.ts'
import { MEDIA_PATHS } from './media-routes.ts'
import { CHAT, COMPLETION, EMBEDDINGS, MCP_CHAT } from './openai/inference-paths.ts'
import { addPublicRoutes, type NetworkDeps, type PublicInit, type WatchedDeps } from './public-routes.ts'
import type { Lag } from './refuse-new-work.ts'
import { RESPONSE_PATHS } from './responses/inference-paths.ts'
import { createSharedDoor } from './shared-door.ts'
import { createShutdown } from './shutdown.ts'

export interface EntryServerDeps
  extends Required<Pick<NetworkDeps, 'router' | 'networkModels' | 'p2p'>>,
    Pick<NetworkDeps, 'explainer' | 'drain' | 'waiting'>,
    WatchedDeps {
  /** Absent: it is never too much for this process. */
  readonly lag?: Lag
  readonly access: AccessDeps
  readonly tracing?: Tracing | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

export interface EntryServerInit extends PublicInit {
  /** Absent: this entry shares no address with others. */
  readonly sharedAddress?: string | undefined
}

export interface EntryServer extends ApiServer, Pick<Forwarding, 'onTheWay'> {
  /** To be called when the network or the draining has changed: whether clients should come by the shared address. */
  reviewSharedAddress(): void
}

/**
 * The HTTP face of a node without models: the same routes, all answered by other members. While it drains it refuses what
 * is new, since nobody but its clients can send that elsewhere; where it shares an address, the kernel can.
 */
export function createEntryServer(deps: EntryServerDeps, init: EntryServerInit): EntryServer {
  const { drain, lag } = deps
  const shutdown = createShutdown({ timeoutMs: init.shutdownTimeoutMs })
  const app = createHttpApp(init, { rewriteUrl: urlWithoutPrefix })
  const startingBecause = () => (someoneServes(deps.p2p) ? undefined : 'no member of the network serves yet')
  const registry = { list: () => [], find: () => undefined }
  const whyRefused = (request: FastifyRequest): WhyRefused | undefined => {
    if (drain?.draining === true && door?.holds(request) !== true) return 'draining'
    return lag?.late === true ? 'lag' : undefined
  }
  const { onTheWay } = addPublicRoutes(
    app,
    { ...deps, registry, shutdown, startingBecause, whyRefused, counted: () => false },
    init,
  )
  // Nobody is sent to an entry that has never seen a member that serves.
  let wasReady = false
  const wantsClients = (): boolean => {
    if (!listening || shutdown.stopping() || drain?.draining === true) return false
    wasReady ||= startingBecause() === undefined
    return wasReady
  }
  const { sharedAddress, nodeHeader } = init
  const door =
    sharedAddress === undefined
      ? undefined
      : createSharedDoor(app, { log: deps.log, wanted: wantsClients }, { address: sharedAddress, name: nodeHeader })
  addForwardedRoutes(app)
  const server = createListeningServer({ app, shutdown, log: deps.log }, init)
  let listening = false
  return {
    ...server,
    onTheWay,
    async start(options) {
      await server.start(options)
      listening = true
      await door?.review()
    },
    async stop() {
      listening = false
      await door?.review()
      await door?.lastCall()
      await server.stop()
    },
    reviewSharedAddress: () => void door?.review(),
  }
}

function someoneServes(p2p: PeerToPeer): boolean {
  const { group } = p2p.self().offer
  return p2p.peers().some((peer) => mayBeAsked(peer, group))
}

const FORWARDED = [
  ...RESPONSE_PATHS,
  MESSAGES,
  COUNT_TOKENS,
  CHAT,
  MCP_CHAT,
  MCP_SERVERS,
  COMPLETION,
  EMBEDDINGS,
  TOKENIZE,
  DETOKENIZE,
  ...MEDIA_PATHS,
]

function addForwardedRoutes(app: FastifyInstance): void {
  for (const { urls, method = 'POST', config } of FORWARDED) {
    for (const url of urls) {
      app.route({
        url,
        method,
        config,
        // Requests that somebody can answer were passed on before this.
        handler: async (request) => {
          throw config.inference.notHere?.(request) ?? new AppError('request.invalid', 'the request body is empty')
        },
      })
    }
  }
}
