import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import { HTTP_LIMITS } from './http-app.ts'
import { listenOn, parseListenAddress, toListenError } from './listen-address.ts'
import { toHeaderValue } from './node-header.ts'

export interface SharedDoorInit {
  /** `:8080`, `host:port` or `[::1]:8080`. Its port must be named: entries that share one have to say the same. */
  readonly address: string
  /** This entry's name; without it answers do not say which entry gave them. */
  readonly name?: string | undefined
}

/**
 * An address that several entries of one machine listen on together (`SO_REUSEPORT`, socket(7)): the kernel deals out the
 * connections, and an entry that dies or drains gets no more. What comes in there is for clients: what only this entry
 * could answer, such as its pages and its explanations, is at the entry's own address.
 */
export interface SharedDoor {
  /** Opens or leaves the address if `wanted` has changed; resolves when that is done. Never throws: the log says why not. */
  review(): Promise<void>
  /**
   * For an end that nobody notices: resolves when all who came in here are gone, or after a second. A request may be on its
   * way over a connection that is open still; until then it is served.
   */
  lastCall(): Promise<void>
  /** Whether the request came in here. */
  holds(request: FastifyRequest): boolean
}

export interface SharedDoorDeps {
  readonly log: Pick<Logger, 'info' | 'error'>
  /** Whether this entry should take its share of the connections now. */
  readonly wanted: () => boolean
}

/** Says which of several entries has answered. */
const ENTRY_HEADER = 'x-localai-entry'
/** Turns of the event loop: what comes in a long one, after it has looked, waits in the queue. A busy entry has no other. */
const MOST_TURNS = 200
const SHORT_TURN_MS = 0.2
const LAST_CALL_MS = 1000

/** What any entry answers alike, beside the inference routes. */
const ALIKE: ReadonlySet<string | undefined> = new Set([
  '/v1/models',
  '/models',
  '/v1/models/*',
  '/version',
  '/healthz',
  '/readyz',
])

/** Throws `config.invalid` for what is no address, and for one without a port. */
export function createSharedDoor(app: FastifyInstance, deps: SharedDoorDeps, init: SharedDoorInit): SharedDoor {
  const { log, wanted } = deps
  const address = parseListenAddress(init.address)
  if (address.port === 0) {
    throw new AppError('config.invalid', '--shared-address needs a port that all entries name, such as :8080')
  }
  const sockets = new Set<Socket>()
  const gone = new EventEmitter<{ last: [] }>()
  const name = init.name === undefined ? undefined : toHeaderValue(init.name)
  let server: Server | undefined
  let taken = 0
  let moves = 0
  let last = Promise.resolve()
  let complaint: string | undefined

  function accept(socket: Socket): void {
    taken += 1
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) gone.emit('last')
    })
    app.server.emit('connection', socket)
  }

  async function open(): Promise<void> {
    // As node:http makes its own sockets.
    const made = createServer({ allowHalfOpen: true, noDelay: true }, accept)
    made.maxConnections = HTTP_LIMITS.maxConnections
    await listenOn(async (at) => {
      made.listen({ ...at, reusePort: true })
      await once(made, 'listening')
    }, address)
    made.on('error', (err) => log.error({ err }, 'the shared address took no connection'))
    server = made
    complaint = undefined
    log.info({ address }, 'the shared address is open')
  }

  /**
   * A connection that waits in the queue of a socket when it closes is reset (Linux hands it to the others only with
   * `net.ipv4.tcp_migrate_req`): those that have come are taken first.
   */
  async function leave(left: Server): Promise<void> {
    server = undefined
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const before = taken
      const began = performance.now()
      await nextTurn()
      if (taken === before && performance.now() - began < SHORT_TURN_MS) break
    }
    left.close()
    log.info({ address }, 'the shared address is left to the other entries')
  }

  async function follow(): Promise<void> {
    const isWanted = wanted()
    if (isWanted === (server !== undefined)) return
    try {
      await (server === undefined ? open() : leave(server))
    } catch (error) {
      const { message } = toListenError(error, address, '--shared-address')
      // It is tried again whenever something changes in the network.
      if (message !== complaint) log.error({ address }, `the shared address cannot be opened: ${message}`)
      complaint = message
    }
  }

  const guard: onRequestHookHandler = (request, reply, done) => {
    if (!sockets.has(request.socket)) return done()
    if (name !== undefined) reply.header(ENTRY_HEADER, name)
    // The next request of this client comes by a new connection, to another entry.
    if (server === undefined) reply.header('connection', 'close')
    done(isForClients(request) ? undefined : NOT_HERE)
  }
  app.addHook('onRequest', guard)

  return {
    review() {
      // Called with every change in the network: mostly there is nothing to do.
      if (moves === 0 && wanted() === (server !== undefined)) return last
      moves += 1
      last = last.then(follow).finally(() => {
        moves -= 1
      })
      return last
    },
    async lastCall() {
      if (sockets.size === 0) return
      await once(gone, 'last', { signal: AbortSignal.timeout(LAST_CALL_MS) }).catch(() => {})
    },
    holds: (request) => sockets.has(request.socket),
  }
}

const NOT_HERE = new AppError(
  'request.forbidden',
  'several entries share this address, and it is for clients: pages and management are at the own address of each entry',
)

function isForClients({ is404, method, routeOptions: { config, url } }: FastifyRequest): boolean {
  return is404 || method === 'OPTIONS' || config.inference !== undefined || ALIKE.has(url)
}
