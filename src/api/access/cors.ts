import fastifyCors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** Which pages may read answers. */
export interface CorsRules {
  /** Without it those of every site may. */
  readonly limited: boolean
  /** `https://app.example`; none: every site. */
  readonly origins: readonly string[]
}

/** What a page may read beside the few headers that it always may. */
const EXPOSED = ['X-Correlation-ID', 'X-Request-ID', 'X-LocalAI-Node', 'Machine-Tag', 'Retry-After']
/** How long a browser remembers what it was told, in seconds. */
const MAX_AGE_S = 600

/**
 * Tells browsers which pages may read the answers, and answers their questions beforehand, before any key is asked for.
 * Cookies are never part of it: a page of another site can act with a key that it has, not with whoever is signed in.
 */
export function addCors(app: FastifyInstance, rules: () => CorsRules): void {
  app.register(fastifyCors, {
    origin(_origin, done) {
      const { limited, origins } = rules()
      done(null, !limited || origins.length === 0 || origins.includes('*') ? '*' : [...origins])
    },
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: MAX_AGE_S,
    strictPreflight: false,
  })
}
