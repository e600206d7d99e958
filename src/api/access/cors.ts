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
const EXPOSED = [
  'X-Correlation-ID',
  'X-Request-ID',
  'X-LocalAI-Node',
  'X-LocalAI-Entry',
  'X-LocalAI-Explain',
  'Machine-Tag',
  'Retry-After',
]
const ASKED_HEADERS = 'access-control-request-headers'
/** What only proxies say, and nodes to each other: a page that could say it would pass for one of this node's own. */
const NOT_FOR_PAGES = /^(?:forwarded|via|x-forwarded-.*|x-real-ip|x-local-ai-.*)$/i
/** How long a browser remembers what it was told, in seconds. */
const MAX_AGE_S = 600

/**
 * Tells browsers which pages may read the answers, and answers their questions beforehand, before any key is asked for.
 * Cookies are never part of it: a page of another site can act with a key that it has, not with whoever is signed in.
 */
export function addCors(app: FastifyInstance, rules: () => CorsRules): void {
  app.addHook('onRequest', async ({ headers }) => {
    const asked = headers[ASKED_HEADERS]
    if (asked !== undefined) headers[ASKED_HEADERS] = allowedToPages(String(asked))
  })
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

function allowedToPages(asked: string): string {
  const names = asked.split(',').map((name) => name.trim())
  return names.filter((name) => name !== '' && !NOT_FOR_PAGES.test(name)).join(', ')
}
