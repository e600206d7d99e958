import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'

/** Whoever watches over the node has no key and learns nothing here. */
const WITHOUT_KEY = new Set(['/healthz', '/readyz'])

/**
 * Lets in who has one of the keys; without keys everything is open. Gives back how to tell callers apart: by the number of
 * their key, else by address. No key leaves this function.
 */
export function addApiKeys(
  app: FastifyInstance,
  { keys }: { readonly keys: readonly string[] },
): (request: FastifyRequest) => string | undefined {
  if (keys.length === 0) return (request) => request.socket.remoteAddress
  const known = keys.map(hashOf)
  const callers = new WeakMap<FastifyRequest, string>()
  app.addHook('onRequest', async (request) => {
    // A browser asks with OPTIONS what it may send, before it sends a key.
    if (request.method === 'OPTIONS' || WITHOUT_KEY.has(request.routeOptions.url ?? '')) return
    const given = keyOf(request.headers)
    const number = given === undefined ? -1 : numberOf(known, given)
    if (number === -1) throw new AppError('request.unauthorized', 'An authentication key is required')
    callers.set(request, `key ${number}`)
  })
  return (request) => callers.get(request)
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
