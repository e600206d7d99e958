import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { AccessDeps } from '../access/access.ts'
import { forgetPageKey, keepPageKey } from '../access/session-cookie.ts'

/** What a cookie can hold (RFC 6265, section 4.1.1), without the signs that some programs quote. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,4096}$/

const TokenLogin = Type.Object({ token: Type.String({ minLength: 1, maxLength: 4096 }) })
const Done = Type.Object({ success: Type.Boolean() })
const tags = ['ui']
const config = { access: 'public' } as const

/** Signing in on the web interface with an API key: the key goes into a cookie that no script can read. */
export const pageKeyRoutes: FastifyPluginAsyncTypebox<AccessDeps> = async (app, { keys, accounts }) => {
  const url = '/api/auth/token-login'
  app.post(
    url,
    {
      schema: { tags, summary: 'Sign in on the web interface with a key', body: TokenLogin, response: { 200: Done } },
      config,
    },
    async (request, reply) => {
      const token = request.body.token.trim()
      if (keys.find(token) === undefined && accounts?.identify(token, { renew: false })?.by !== 'key') {
        throw new AppError('request.unauthorized', 'this is no key of this node')
      }
      if (!COOKIE_VALUE.test(token)) {
        throw new AppError('request.unprocessable', 'this key has signs that a browser cannot keep in a cookie')
      }
      keepPageKey(reply.header('Cache-Control', 'no-store'), token)
      return { success: true }
    },
  )
  app.delete(
    url,
    { schema: { tags, summary: 'Forget the key again', response: { 200: Done } }, config },
    async (_request, reply) => {
      forgetPageKey(reply.header('Cache-Control', 'no-store'))
      return { success: true }
    },
  )
}
