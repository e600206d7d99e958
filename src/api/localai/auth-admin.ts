import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { clientGone } from '../client-gone.ts'
import type { AccountRoutesDeps } from './account-of.ts'
import {
  fromAccount,
  fromInvite,
  IdParams,
  InviteRequest,
  InvitesAnswer,
  MessageAnswer,
  NewInviteAnswer,
  NewUserRequest,
  RoleRequest,
  StatusRequest,
  UserAnswer,
  UsersAnswer,
} from './auth-schema.ts'

const tags = ['accounts']
const config = { access: 'admin' } as const
const USERS = '/api/auth/admin/users'
const INVITES = '/api/auth/admin/invites'
const INVITE_HOURS = 7 * 24
const HOUR_MS = 3_600_000

/** What admins do with users and invitations. Changes count from the next request of the user on. */
export const authAdminRoutes: FastifyPluginAsyncTypebox<Pick<AccountRoutesDeps, 'accounts'>> = async (app, deps) => {
  app.register(userRoutes, deps)
  app.register(inviteRoutes, deps)
}

const userRoutes: FastifyPluginAsyncTypebox<Pick<AccountRoutesDeps, 'accounts'>> = async (app, { accounts }) => {
  const { administration } = accounts

  app.get(
    USERS,
    { schema: { tags, summary: 'List the users', response: { 200: UsersAnswer } }, config },
    async (): Promise<Static<typeof UsersAnswer>> => ({ users: administration.list().map(fromAccount) }),
  )

  app.post(
    USERS,
    { schema: { tags, summary: 'Make a user', body: NewUserRequest, response: { 200: UserAnswer } }, config },
    async (request, reply): Promise<Static<typeof UserAnswer>> => {
      const { name, email, password, role = 'user' } = request.body
      const user = { name, email: email ?? undefined, password, role }
      return { user: fromAccount(await administration.create(user, { signal: clientGone(reply) })) }
    },
  )

  app.put(
    `${USERS}/:id/role`,
    {
      schema: {
        tags,
        summary: 'Make a user an admin, or no admin',
        params: IdParams,
        body: RoleRequest,
        response: { 200: UserAnswer },
      },
      config,
    },
    async ({ params, body }): Promise<Static<typeof UserAnswer>> => ({
      user: fromAccount(administration.setRole(params.id, body.role)),
    }),
  )

  app.put(
    `${USERS}/:id/status`,
    {
      schema: {
        tags,
        summary: 'Approve, disable or enable a user',
        params: IdParams,
        body: StatusRequest,
        response: { 200: UserAnswer },
      },
      config,
    },
    async ({ params, body }): Promise<Static<typeof UserAnswer>> => ({
      user: fromAccount(administration.setStatus(params.id, body.status)),
    }),
  )

  app.delete(
    `${USERS}/:id`,
    { schema: { tags, summary: 'Remove a user', params: IdParams, response: { 200: MessageAnswer } }, config },
    async ({ params }): Promise<Static<typeof MessageAnswer>> => {
      administration.remove(params.id)
      return { message: 'removed' }
    },
  )
}

const inviteRoutes: FastifyPluginAsyncTypebox<Pick<AccountRoutesDeps, 'accounts'>> = async (app, { accounts }) => {
  const { invites } = accounts

  app.get(
    INVITES,
    { schema: { tags, summary: 'List open invitations', response: { 200: InvitesAnswer } }, config },
    async (): Promise<Static<typeof InvitesAnswer>> => ({ invites: invites.list().map(fromInvite) }),
  )

  app.post(
    INVITES,
    { schema: { tags, summary: 'Invite somebody', body: InviteRequest, response: { 200: NewInviteAnswer } }, config },
    async (request, reply): Promise<Static<typeof NewInviteAnswer>> => {
      const hours = request.body.expiresInHours ?? INVITE_HOURS
      const { invite, code } = invites.create(Date.now() + hours * HOUR_MS)
      reply.header('Cache-Control', 'no-store')
      return { code, ...fromInvite(invite) }
    },
  )

  app.delete(
    `${INVITES}/:id`,
    {
      schema: { tags, summary: 'Withdraw an invitation', params: IdParams, response: { 200: MessageAnswer } },
      config,
    },
    async ({ params }): Promise<Static<typeof MessageAnswer>> => {
      if (invites.remove(params.id)) return { message: 'withdrawn' }
      throw new AppError('request.not-found', 'there is no such invitation')
    },
  )
}
