import { AppError } from '../base/errors.ts'
import type { AccountStatus, Role } from './account.ts'
import { newId } from './secrets.ts'
import type { StoredUser, UserStore } from './user-store.ts'

/** What somebody says of himself. */
export interface Person {
  readonly name: string
  readonly email?: string | undefined
}

/** So many users; registration may be open to everybody. */
const MAX_USERS = 10_000
/** No `@`: a name is never somebody's address. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}._-])?$/u
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,255}$/

/** Throws `request.invalid` for a name or an address of the wrong form, `request.conflict` for one that is taken. */
export function checkPerson(users: UserStore, { name, email }: Person): void {
  if (!NAME.test(name)) {
    throw invalid('name', 'a name has 1 to 64 letters, digits, spaces, dots, dashes and underscores')
  }
  if (email !== undefined && !EMAIL.test(email)) throw invalid('email', 'this is no e-mail address')
  if (users.byName(name) !== undefined) throw taken('name')
  if (email !== undefined && users.byEmail(email) !== undefined) throw taken('email')
  if (users.count() >= MAX_USERS) throw new AppError('request.conflict', `there are ${MAX_USERS} users already`)
}

function invalid(param: string, message: string): AppError {
  return new AppError('request.invalid', message, { details: { param } })
}

function taken(param: string): AppError {
  return new AppError('request.conflict', `a user with this ${param} exists already`, { details: { param } })
}

export interface NewUser extends Person {
  readonly passwordHash: string
  readonly role: Role
  readonly status: AccountStatus
}

export function toUser({ name, email, ...rest }: NewUser, now: number): StoredUser {
  return { id: newId(), name, email, ...rest, createdAt: now, signedInAt: undefined }
}
