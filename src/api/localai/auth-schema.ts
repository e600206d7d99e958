import { type Static, Type } from 'typebox'
import type { Account, AccountKey, Invite } from '../../accounts/account.ts'

// Unknown fields pass. Longer names and passwords than these are refused by the accounts, in words that say why.

const Name = Type.String({ minLength: 1, maxLength: 320 })
const Password = Type.String({ minLength: 1, maxLength: 4096 })
const Code = Type.String({ minLength: 1, maxLength: 256 })
const Email = Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 320 }), Type.Null()]))
const Text = Type.String()

/** Who signs in says a name or an address, under whichever of the two words. */
export const LoginRequest = Type.Object({
  email: Email,
  name: Type.Optional(Type.Union([Name, Type.Null()])),
  password: Password,
})
export const RegisterRequest = Type.Object({
  name: Name,
  email: Email,
  password: Password,
  inviteCode: Type.Optional(Type.Union([Code, Type.Null()])),
})
export const SetupRequest = Type.Object({ code: Code, name: Name, email: Email, password: Password })
export const PasswordRequest = Type.Object({ current_password: Password, new_password: Password })
export const KeyRequest = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  /** RFC 3339. */
  expiresAt: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
})
export const NewUserRequest = Type.Object({
  name: Name,
  email: Email,
  password: Password,
  role: Type.Optional(Type.Enum(['admin', 'user'])),
})
export const RoleRequest = Type.Object({ role: Type.Enum(['admin', 'user']) })
export const StatusRequest = Type.Object({ status: Type.Enum(['active', 'disabled']) })
export const InviteRequest = Type.Object({
  expiresInHours: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 24 * 365 }), Type.Null()])),
})
export const IdParams = Type.Object({ id: Type.String({ maxLength: 64 }) })

const Time = Type.Union([Text, Type.Null()])
const User = Type.Object({
  id: Text,
  name: Text,
  email: Type.Union([Text, Type.Null()]),
  role: Type.Enum(['admin', 'user']),
  status: Type.Enum(['active', 'pending', 'disabled']),
  provider: Type.Literal('local'),
  createdAt: Text,
  lastLoginAt: Time,
})
const Key = Type.Object({
  id: Text,
  name: Text,
  keyPrefix: Text,
  createdAt: Text,
  expiresAt: Time,
  lastUsed: Time,
})
const InviteEntry = Type.Object({ id: Text, createdAt: Text, expiresAt: Text })

export const StatusAnswer = Type.Object({
  authEnabled: Type.Boolean(),
  staticApiKeyRequired: Type.Boolean(),
  providers: Type.Array(Text),
  hasUsers: Type.Boolean(),
  registrationMode: Text,
  user: Type.Union([User, Type.Null()]),
})
export const UserAnswer = Type.Object({ user: User })
export const RegisterAnswer = Type.Object({ user: User, message: Text })
export const MessageAnswer = Type.Object({ message: Text })
export const UsersAnswer = Type.Object({ users: Type.Array(User) })
export const KeysAnswer = Type.Object({ keys: Type.Array(Key) })
/** The only time that the key itself is told. */
export const NewKeyAnswer = Type.Object({ key: Text, ...Key.properties })
export const InvitesAnswer = Type.Object({ invites: Type.Array(InviteEntry) })
export const NewInviteAnswer = Type.Object({ code: Text, ...InviteEntry.properties })

const toTime = (milliseconds: number): string => new Date(milliseconds).toISOString()
const toMaybeTime = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : toTime(milliseconds)

export function fromAccount(account: Account): Static<typeof User> {
  const { id, name, email = null, role, status } = account
  return {
    id,
    name,
    email,
    role,
    status,
    provider: 'local',
    createdAt: toTime(account.createdAt),
    lastLoginAt: toMaybeTime(account.signedInAt),
  }
}

export function fromKey({ id, name, prefix, createdAt, expiresAt, usedAt }: AccountKey): Static<typeof Key> {
  return {
    id,
    name,
    keyPrefix: prefix,
    createdAt: toTime(createdAt),
    expiresAt: toMaybeTime(expiresAt),
    lastUsed: toMaybeTime(usedAt),
  }
}

export function fromInvite({ id, createdAt, expiresAt }: Invite): Static<typeof InviteEntry> {
  return { id, createdAt: toTime(createdAt), expiresAt: toTime(expiresAt) }
}
