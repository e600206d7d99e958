import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { ANYBODY, type Caller, type CallerOf } from '../caller.ts'
import { credentialOf } from './credentials.ts'
import type { KeyRing } from './key-ring.ts'
import { ownerOnly } from './owner-only.ts'

/** Whoever watches over the node has no key and learns nothing here. */
const WITHOUT_KEY = new Set(['/healthz', '/readyz'])

export interface AccessDeps {
  readonly keys: KeyRing
}

/** Lets in who has one of the keys, and tells callers apart by them; without keys everything but admin routes is open. */
export function addAccess(app: FastifyInstance, { keys }: AccessDeps): CallerOf {
  const found = new WeakMap<FastifyRequest, Caller>()
  const callerOf: CallerOf = (request) => found.get(request) ?? ANYBODY
  app.decorateRequest('caller', {
    getter() {
      return callerOf(this)
    },
  })
  app.addHook('onRequest', async (request) => {
    const { url = '', config } = request.routeOptions
    // A browser asks with OPTIONS what it may send, before it sends a key.
    if (request.method === 'OPTIONS' || WITHOUT_KEY.has(url) || config.access === 'public') return
    if (!keys.isEmpty()) {
      const given = credentialOf(request.headers, { sessions: false })
      const caller = given === undefined ? undefined : keys.find(given.secret)
      if (caller === undefined) throw new AppError('request.unauthorized', 'An authentication key is required')
      found.set(request, caller)
    }
    if (config.access === 'admin') ownerOnly(request, { hasKeys: !keys.isEmpty() })
  })
  return callerOf
}
