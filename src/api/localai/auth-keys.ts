import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { type AccountRoutesDeps, accountOf } from './account-of.ts'
import { fromKey, IdParams, KeyRequest, KeysAnswer, MessageAnswer, NewKeyAnswer } from './auth-schema.ts'

export interface AuthInit {
  /** How long a key lasts when its maker does not say. Absent: for ever. */
  readonly keyExpiryMs?: number | undefined
}

const tags = ['accounts']

/** The API keys of whoever asks. */
export const authKeyRoutes: FastifyPluginAsyncTypebox<AccountRoutesDeps & AuthInit> = async (app, deps) => {
  const { accounts, identityOf, keyExpiryMs } = deps

  app.get(
    '/api/auth/api-keys',
    { schema: { tags, summary: 'List your API keys', response: { 200: KeysAnswer } } },
    async (request): Promise<Static<typeof KeysAnswer>> => ({
      keys: accounts.keys.list(accountOf(identityOf, request).id).map(fromKey),
    }),
  )

  app.post(
    '/api/auth/api-keys',
    { schema: { tags, summary: 'Make an API key', body: KeyRequest, response: { 200: NewKeyAnswer } } },
    async (request, reply): Promise<Static<typeof NewKeyAnswer>> => {
      const { id } = accountOf(identityOf, request)
      const { name, expiresAt } = request.body
      const fallback = keyExpiryMs === undefined ? undefined : Date.now() + keyExpiryMs
      const made = accounts.keys.create(id, { name, expiresAt: toMoment(expiresAt) ?? fallback })
      reply.header('Cache-Control', 'no-store')
      return { key: made.secret, ...fromKey(made.key) }
    },
  )

  app.delete(
    '/api/auth/api-keys/:id',
    { schema: { tags, summary: 'Revoke an API key', params: IdParams, response: { 200: MessageAnswer } } },
    async (request): Promise<Static<typeof MessageAnswer>> => {
      if (accounts.keys.remove(accountOf(identityOf, request).id, request.params.id)) return { message: 'revoked' }
      throw new AppError('request.not-found', 'you have no such key')
    },
  )
}

function toMoment(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined
  const moment = Date.parse(text)
  if (moment > Date.now()) return moment
  const details = { param: 'expiresAt' }
  throw new AppError('request.invalid', 'expiresAt must be a time in the future, as 2030-01-31T12:00:00Z', { details })
}
