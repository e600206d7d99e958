import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { NewestMap } from '../../base/newest-map.ts'

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

export interface RateLimits {
  /** Every request. */
  readonly all: RateLimit
  /** Requests that change something. */
  readonly changes: RateLimit
  /** New networks. */
  readonly additions: RateLimit
}

export const RATE_LIMITS: RateLimits = {
  all: { requests: 300, windowMs: 60_000 },
  changes: { requests: 30, windowMs: 60_000 },
  additions: { requests: 20, windowMs: 60 * 60_000 },
}

export interface RateLimitsInit {
  readonly limits: RateLimits
  /** The last of `X-Forwarded-For` is the client, as the proxy before this one says. */
  readonly trustForwardedFor: boolean
}

/** Whoever comes from so many places pushes out its own first ones. */
const MAX_SOURCES = 20_000

export interface RateLimitsDeps {
  /** Monotonic, in milliseconds. */
  readonly now: () => number
  /** What one customer of a provider has of an address: all of IPv4, the first 64 bits of IPv6. */
  readonly netOf: (address: string) => string
}

/** Answers 429 with the time to wait to an address that asks too often. */
export function addRateLimits(
  app: FastifyInstance,
  { now, netOf }: RateLimitsDeps,
  { limits, trustForwardedFor }: RateLimitsInit,
): void {
  const all = createCounter(limits.all, now)
  const changes = createCounter(limits.changes, now)
  const additions = createCounter(limits.additions, now)
  app.addHook('onRequest', async (request) => {
    const source = netOf(addressOf(request, trustForwardedFor))
    all(source)
    if (request.method === 'GET' || request.method === 'HEAD') return
    changes(source)
    if (request.method === 'POST') additions(source)
  })
}

function createCounter({ requests, windowMs }: RateLimit, now: () => number): (source: string) => void {
  const windows = new NewestMap<string, { readonly endsAt: number; count: number }>(MAX_SOURCES)
  return (source) => {
    const known = windows.get(source)
    const window = known !== undefined && known.endsAt > now() ? known : { endsAt: now() + windowMs, count: 0 }
    if (window !== known) windows.set(source, window)
    window.count += 1
    if (window.count <= requests) return
    const details = { retryAfterMs: window.endsAt - now() }
    throw new AppError('request.rate-limited', 'too many requests from this address: wait a while', { details })
  }
}

function addressOf({ raw, headers }: FastifyRequest, trustForwardedFor: boolean): string {
  const told = trustForwardedFor
    ? String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : ''
  const address = (told || raw.socket.remoteAddress) ?? ''
  return address.replace(/^::ffff:(?=\d+\.)/i, '').slice(0, 64)
}
