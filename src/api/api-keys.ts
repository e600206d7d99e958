import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { ANYBODY, type Caller, type CallerOf, fingerprintOf } from './caller.ts'
import { ownerOnly } from './owner-only.ts'

/** Whoever watches over the node has no key and learns nothing here. */
const WITHOUT_KEY = new Set(['/healthz', '/readyz'])

/** Lets in who has one of the keys, and tells callers apart by them; without keys everything but admin routes is open. */
export function addApiKeys(app: FastifyInstance, { keys }: { readonly keys: readonly string[] }): CallerOf {
  const known = keys.map(hashOf)
  const callers = keys.map((key): Caller => ({ id: fingerprintOf(key), role: 'admin' }))
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
    if (keys.length > 0) {
      const given = keyOf(request.headers)
      const caller = given === undefined ? undefined : callers[numberOf(known, given)]
      if (caller === undefined) throw new AppError('request.unauthorized', 'An authentication key is required')
      found.set(request, caller)
    }
    if (config.access === 'admin') ownerOnly(request, { hasKeys: keys.length > 0 })
  })
  return callerOf
}

/** Where LocalAI looks, in its order; the first that is not empty counts. */
export function keyOf(headers: FastifyRequest['headers']): string | undefined {
  const given = [
    headers.authorization?.replace(/^Bearer(?: |$)/i, ''),
    headers['x-api-key'],
    headers['xi-api-key'],
    cookieOf(headers.cookie ?? '', 'token'),
  ]
  return given.map((key) => (typeof key === 'string' ? key.trim() : '')).find((key) => key !== '')
}

function cookieOf(header: string, name: string): string | undefined {
  const pair = header.split(';').find((part) => part.trimStart().startsWith(`${name}=`))
  return pair?.slice(pair.indexOf('=') + 1)
}

/** Looks at every key, and at hashes of equal length: the time it takes tells nothing of a key. -1: none of them. */
function numberOf(known: readonly Buffer[], given: string): number {
  const hash = hashOf(given)
  return known.reduce((found, key, number) => (timingSafeEqual(key, hash) ? number : found), -1)
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
