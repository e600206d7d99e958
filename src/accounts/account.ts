export type Role = 'admin' | 'user'

/** A pending account waits for an admin; a disabled one is let in no more, neither by password nor session nor key. */
export type AccountStatus = 'active' | 'pending' | 'disabled'

/** Somebody who may use the node. Times are milliseconds since 1970. */
export interface Account {
  readonly id: string
  readonly name: string
  readonly email: string | undefined
  readonly role: Role
  readonly status: AccountStatus
  readonly createdAt: number
  readonly signedInAt: number | undefined
}

/** A key of an account, without what it is. */
export interface AccountKey {
  readonly id: string
  readonly name: string
  /** The first letters, to tell keys apart by. */
  readonly prefix: string
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly usedAt: number | undefined
}

/** An invitation to register, without its code. */
export interface Invite {
  readonly id: string
  readonly createdAt: number
  readonly expiresAt: number
}

/** What a browser keeps to stay signed in. */
export interface SessionSecret {
  readonly secret: string
  readonly expiresAt: number
}
