import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { AppError } from '../base/errors.ts'
import type { Account, AccountKey } from './account.ts'
import { hashOfSecret, newId, newSecret } from './secrets.ts'
import type { SpareWrites } from './spare-writes.ts'
import { toAccount } from './user-store.ts'

/** Tells people, and programs that look for lost secrets, what this is. */
const PREFIX = 'lai-'
const SHOWN_LETTERS = PREFIX.length + 6
const MAX_OF_USER = 100
/** More often than this the time of the last use is not written down. */
const USE_NOTED_MS = 60_000

/** The API keys that users make for themselves. Of a key only its hash is stored: it is shown once. */
export interface AccountKeys {
  create(
    userId: string,
    key: { readonly name: string; readonly expiresAt: number | undefined },
  ): { readonly key: AccountKey; readonly secret: string }
  list(userId: string): readonly AccountKey[]
  /** False when this user has no such key. */
  remove(userId: string, id: string): boolean
  /** Undefined for what is no key, has expired, or belongs to somebody who is not let in (any more). */
  use(secret: string): Account | undefined
}

export interface AccountKeysDeps {
  readonly database: DatabaseSync
  readonly spareWrites: SpareWrites
  readonly now: () => number
}

export function createAccountKeys({ database, spareWrites, now }: AccountKeysDeps): AccountKeys {
  const find = database.prepare(
    `SELECT users.*, keys.id AS key_id, keys.used_at FROM keys JOIN users ON users.id = keys.user_id
     WHERE keys.hash = ? AND (keys.expires_at IS NULL OR keys.expires_at > ?) AND users.status = 'active'`,
  )
  const insert = database.prepare(
    'INSERT INTO keys (id, user_id, name, hash, prefix, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const count = database.prepare('SELECT count(*) AS number FROM keys WHERE user_id = ?')
  const ofUser = database.prepare('SELECT * FROM keys WHERE user_id = ? ORDER BY created_at, id')
  const remove = database.prepare('DELETE FROM keys WHERE user_id = ? AND id = ?')
  const noteUse = database.prepare('UPDATE keys SET used_at = ? WHERE id = ?')
  return {
    create(userId, { name, expiresAt }) {
      if (Number(count.get(userId)?.['number']) >= MAX_OF_USER) {
        throw new AppError('request.conflict', `an account can have at most ${MAX_OF_USER} keys: revoke one first`)
      }
      const secret = newSecret(PREFIX)
      const prefix = secret.slice(0, SHOWN_LETTERS)
      const key = { id: newId(), name, prefix, createdAt: now(), expiresAt, usedAt: undefined }
      insert.run(key.id, userId, name, hashOfSecret(secret), prefix, key.createdAt, expiresAt ?? null)
      return { key, secret }
    },
    list: (userId) => ofUser.all(userId).map(toKey),
    remove: (userId, id) => remove.run(userId, id).changes > 0,
    use(secret) {
      if (!secret.startsWith(PREFIX)) return undefined
      const row = find.get(hashOfSecret(secret), now())
      if (row === undefined) return undefined
      if (now() - Number(row['used_at'] ?? 0) >= USE_NOTED_MS) {
        spareWrites.attempt(() => noteUse.run(now(), String(row['key_id'])))
      }
      return toAccount(row)
    },
  }
}

function toKey(row: Record<string, SQLOutputValue>): AccountKey {
  const time = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]))
  return {
    id: String(row['id']),
    name: String(row['name']),
    prefix: String(row['prefix']),
    createdAt: Number(row['created_at']),
    expiresAt: time('expires_at'),
    usedAt: time('used_at'),
  }
}
