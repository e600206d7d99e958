import type { FastifyInstance } from 'fastify'

/** For pages of this node: scripts of its own only, and no frame of another site around it. */
const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ')

/** What keeps a browser from taking an answer for something else. A page that has a policy of its own keeps it. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('X-Content-Type-Options', 'nosniff')
    reply.header('X-Frame-Options', 'SAMEORIGIN')
  })
  app.addHook('onSend', async (_request, reply) => {
    const isPage = String(reply.getHeader('content-type') ?? '').startsWith('text/html')
    if (isPage && !reply.hasHeader('content-security-policy')) reply.header('Content-Security-Policy', PAGE_POLICY)
    // A session that is renewed on the way of a file is for nobody but this browser, however long the file may be kept.
    if (reply.hasHeader('set-cookie')) reply.header('Cache-Control', 'no-store')
  })
}
