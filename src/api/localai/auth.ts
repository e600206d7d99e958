import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { SessionSecret } from '../../accounts/account.ts'
import { AppError } from '../../base/errors.ts'
import type { Access, AccessDeps } from '../access/access.ts'
import { forgetSession, keepSession } from '../access/session-cookie.ts'
import { clientGone } from '../client-gone.ts'
import { type AccountRoutesDeps, accountOf } from './account-of.ts'
import { authAdminRoutes } from './auth-admin.ts'
import { type AuthInit, authKeyRoutes } from './auth-keys.ts'
import {
  fromAccount,
  LoginRequest,
  MessageAnswer,
  PasswordRequest,
  RegisterAnswer,
  RegisterRequest,
  SetupRequest,
  StatusAnswer,
  UserAnswer,
} from './auth-schema.ts'

export interface AuthDeps extends AccessDeps, Pick<Access, 'identityOf'> {}

const tags = ['accounts']

/** Accounts: signing in, one's own keys, and what admins do. A node without accounts only says so. */
export const authRoutes: FastifyPluginAsyncTypebox<AuthDeps & AuthInit> = async (app, deps) => {
  const { accounts, keys, identityOf } = deps
  app.get(
    '/api/auth/status',
    { schema: { tags, summary: 'How to sign in', response: { 200: StatusAnswer } }, config: { access: 'public' } },
    async (request): Promise<Static<typeof StatusAnswer>> => {
      const identity = identityOf(request)
      return {
        authEnabled: accounts !== undefined,
        staticApiKeyRequired: accounts === undefined && !keys.isEmpty(),
        providers: accounts === undefined ? [] : ['local'],
        hasUsers: accounts?.hasUsers() ?? false,
        registrationMode: accounts?.registrationMode ?? '',
        user: identity === undefined ? null : fromAccount(identity.account),
      }
    },
  )
  if (accounts === undefined) return
  app.register(signInRoutes, { accounts, identityOf })
  app.register(authKeyRoutes, { accounts, identityOf, keyExpiryMs: deps.keyExpiryMs })
  app.register(authAdminRoutes, { accounts })
}

const signInRoutes: FastifyPluginAsyncTypebox<AccountRoutesDeps> = async (app, { accounts, identityOf }) => {
  /** Whoever signs in on a browser leaves the session that it had: nobody can hand a session to somebody else. */
  function begin(request: FastifyRequest, reply: FastifyReply, session: SessionSecret): void {
    const before = identityOf(request)
    if (before?.by === 'session') accounts.sessions.end(before.family)
    keepSession(reply, session)
  }

  app.post(
    '/api/auth/login',
    {
      schema: { tags, summary: 'Sign in', body: LoginRequest, response: { 200: UserAnswer } },
      config: { access: 'public' },
    },
    async (request, reply): Promise<Static<typeof UserAnswer>> => {
      const { email, name, password } = request.body
      const login = email ?? name
      if (login === undefined || login === null) {
        throw new AppError('request.invalid', 'email is required', { details: { param: 'email' } })
      }
      const given = { login, password, address: addressOf(request) }
      const { account, session } = await accounts.signIn(given, { signal: clientGone(reply) })
      begin(request, reply, session)
      return { user: fromAccount(account) }
    },
  )

  app.post(
    '/api/auth/register',
    {
      schema: { tags, summary: 'Make an account', body: RegisterRequest, response: { 200: RegisterAnswer } },
      config: { access: 'public' },
    },
    async (request, reply): Promise<Static<typeof RegisterAnswer>> => {
      const { name, email, password, inviteCode } = request.body
      const { account, session } = await accounts.register(
        { name, email: email ?? undefined, password, invite: inviteCode ?? undefined, address: addressOf(request) },
        { signal: clientGone(reply) },
      )
      if (session !== undefined) begin(request, reply, session)
      return { user: fromAccount(account), message: session === undefined ? 'an admin has to approve' : 'registered' }
    },
  )

  app.post(
    '/api/auth/setup',
    {
      schema: { tags, summary: 'Make the first admin', body: SetupRequest, response: { 200: UserAnswer } },
      config: { access: 'public' },
    },
    async (request, reply): Promise<Static<typeof UserAnswer>> => {
      const { code, name, email, password } = request.body
      const { account, session } = await accounts.setUp(
        { code, name, email: email ?? undefined, password, address: addressOf(request) },
        { signal: clientGone(reply) },
      )
      begin(request, reply, session)
      return { user: fromAccount(account) }
    },
  )

  app.post(
    '/api/auth/logout',
    { schema: { tags, summary: 'Sign out', response: { 200: MessageAnswer } }, config: { access: 'public' } },
    async (request, reply): Promise<Static<typeof MessageAnswer>> => {
      const identity = identityOf(request)
      if (identity?.by === 'session') accounts.sessions.end(identity.family)
      forgetSession(reply)
      return { message: 'signed out' }
    },
  )

  app.get(
    '/api/auth/me',
    { schema: { tags, summary: 'Who is asking', response: { 200: UserAnswer } } },
    async (request): Promise<Static<typeof UserAnswer>> => ({ user: fromAccount(accountOf(identityOf, request)) }),
  )

  app.put(
    '/api/auth/password',
    { schema: { tags, summary: 'Change the password', body: PasswordRequest, response: { 200: MessageAnswer } } },
    async (request, reply): Promise<Static<typeof MessageAnswer>> => {
      const { current_password: current, new_password: next } = request.body
      const account = accountOf(identityOf, request)
      const given = { current, next, address: addressOf(request) }
      const { session } = await accounts.changePassword(account, given, { signal: clientGone(reply) })
      keepSession(reply, session)
      return { message: 'the password has been changed, and all other sessions have ended' }
    },
  )
}

function addressOf({ socket }: FastifyRequest): string {
  return socket.remoteAddress ?? ''
}
