import type { FastifyRequest } from 'fastify'
import type { Account } from '../../accounts/account.ts'
import type { Accounts } from '../../accounts/open-accounts.ts'
import { AppError } from '../../base/errors.ts'
import type { Access } from '../access/access.ts'

export interface AccountRoutesDeps {
  readonly accounts: Accounts
  readonly identityOf: Access['identityOf']
}

/** Throws `request.forbidden` for the owner's keys, behind which there is no account. */
export function accountOf(identityOf: Access['identityOf'], request: FastifyRequest): Account {
  const identity = identityOf(request)
  if (identity !== undefined) return identity.account
  throw new AppError('request.forbidden', 'this is for accounts: an API key of the node has none')
}
