import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts, Identity } from '../../accounts/open-accounts.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { ANYBODY, type Caller, type CallerOf, fingerprintOf } from '../caller.ts'
import type { ListenAddress } from '../listen-address.ts'
import { createHostCheck } from './allowed-hosts.ts'
import { addCors, type CorsRules } from './cors.ts'
import { credentialOf } from './credentials.ts'
import { isCrossSiteChange } from './cross-site.ts'
import type { KeyRing } from './key-ring.ts'
import { addOpaqueErrors } from './opaque-errors.ts'
import { warnOfOpenDoor } from './open-door.ts'
import { createOpenGets } from './open-gets.ts'
import { isOwner, ownerOnly } from './owner-only.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { keepSession } from './session-cookie.ts'

export interface AccessDeps {
  /** The keys of the node's owner. */
  readonly keys: KeyRing
  /** The users of the node. Absent: there are none, and without keys the API is open. */
  readonly accounts?: Accounts | undefined
}

/** What is a function here may change while the node runs. */
export interface AccessInit {
  /** Which pages may read answers. Default: those of every site, without cookies. */
  readonly cors?: () => CorsRules
  /** Whether changes that another site's page asks for with a cookie are refused; with accounts they always are. */
  readonly csrf?: () => boolean
  /** Host names that clients may ask for while the API is open, beside those that are safe anyway. */
  readonly allowedHosts?: readonly string[]
  /** While the API is open, admin routes are open too, not only to programs on this machine. */
  readonly insecure?: boolean
  /** Errors have a status and no body. */
  readonly opaqueErrors?: boolean
  /** One more address that clients come by, beside the one that the API listens on. */
  readonly otherAddress?: ListenAddress | undefined
  /** Patterns of paths that may be read without a key. Throws `config.invalid` for those that may take too long. */
  readonly openGetPaths?: readonly string[]
}

export interface Access {
  readonly callerOf: CallerOf
  /** The account of a request that showed a session or a key of one. */
  readonly identityOf: (request: FastifyRequest) => Identity | undefined
  /** Whether this caller would be let in to an admin route; for routes that tell some callers more than others. */
  readonly mayManage: (request: FastifyRequest) => boolean
}

/** Whoever watches over the node has no key and learns nothing here. */
const PROBES = new Set(['/healthz', '/readyz'])
const NO_LIMITS: CorsRules = { limited: false, origins: [] }

/**
 * Decides for every request, before anything of it is read, who sent it and whether they may: one of the keys, a user's
 * session or key; where there are neither keys nor accounts, anybody, but for admin routes and for names that are not
 * this node's. Also what browsers are told, and what errors may say.
 */
export function addAccess(
  app: FastifyInstance,
  { keys, accounts, log }: AccessDeps & { readonly log: Pick<Logger, 'warn'> },
  init: AccessInit = {},
): Access {
  const { cors = () => NO_LIMITS, csrf = () => false, insecure = false } = init
  const isOpen = (): boolean => accounts === undefined && keys.isEmpty()
  const isKnownHost = createHostCheck(init.allowedHosts ?? [])
  const isOpenGet = createOpenGets(init.openGetPaths ?? [])
  const visitors = createVisitors({ keys, accounts }, () => accounts !== undefined || csrf())

  function admitToOpen(request: FastifyRequest): void {
    if (!isKnownHost(request.headers.host)) throw strangeHost(request)
    if (request.routeOptions.config.access === 'admin') ownerOnly(request, { insecure })
  }

  function admitToClosed(request: FastifyRequest, reply: FastifyReply): void {
    const { access } = request.routeOptions.config
    const caller = visitors.meet(request, reply)
    if (access === 'public' || caller?.role === 'admin') return
    if (caller === undefined) {
      if (access === undefined && isOpenGet(request.method, request.url)) return
      throw new AppError('request.unauthorized', 'An authentication key is required')
    }
    if (access === 'admin') throw new AppError('request.forbidden', 'Admin access required')
  }

  function mayManage(request: FastifyRequest): boolean {
    return isOpen() ? isOwner(request, { insecure }) : visitors.callerOf(request).role === 'admin'
  }

  app.decorateRequest('caller', {
    getter() {
      return visitors.callerOf(this)
    },
  })
  addSecurityHeaders(app)
  if (init.opaqueErrors === true) addOpaqueErrors(app)
  addCors(app, cors)
  app.addHook('onRequest', async (request, reply) => {
    // A browser asks with OPTIONS what it may send, before it sends a key.
    if (request.method === 'OPTIONS' || PROBES.has(request.routeOptions.url ?? '')) return
    if (isOpen()) admitToOpen(request)
    else admitToClosed(request, reply)
  })
  warnOfOpenDoor(app, { log, isOpen }, { insecure, otherAddress: init.otherAddress })
  return { ...visitors, mayManage }
}

function strangeHost({ headers }: FastifyRequest): AppError {
  const name = String(headers.host).slice(0, 100)
  return new AppError(
    'request.forbidden',
    `this node answers only to names that are its own, and "${name}" is not known to be: start it with ` +
      '--allowed-hosts and this name, or with --api-keys',
  )
}

/** Who has sent the requests that are being answered. */
function createVisitors(
  { keys, accounts }: AccessDeps,
  guardsCookies: () => boolean,
): Omit<Access, 'mayManage'> & { meet(request: FastifyRequest, reply: FastifyReply): Caller | undefined } {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const identities = new WeakMap<FastifyRequest, Identity>()

  function identify(request: FastifyRequest, reply: FastifyReply): Caller | undefined {
    const given = credentialOf(request.headers, { sessions: accounts !== undefined })
    if (given === undefined) return undefined
    const { secret, from } = given
    if (
      from !== 'header' &&
      (from === 'page' || guardsCookies()) &&
      isCrossSiteChange(request.method, request.headers)
    ) {
      throw new AppError('request.forbidden', 'a page of another site may not do this with your cookie')
    }
    const owner = from === 'session' ? undefined : keys.find(secret)
    if (owner !== undefined) return owner
    const identity = accounts?.identify(secret, { renew: from === 'session' })
    if (identity === undefined) return undefined
    identities.set(request, identity)
    if (identity.by === 'session' && identity.renewed !== undefined) keepSession(reply, identity.renewed)
    const { id, role } = identity.account
    return { id: fingerprintOf(`user:${id}`), role }
  }

  return {
    callerOf: (request) => callers.get(request) ?? ANYBODY,
    identityOf: (request) => identities.get(request),
    meet(request, reply) {
      const caller = identify(request, reply)
      if (caller !== undefined) callers.set(request, caller)
      return caller
    },
  }
}
