import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { AppError } from '../base/errors.ts'
import type { Invite } from './account.ts'
import { hashOfSecret, newId, newSecret } from './secrets.ts'

const MAX_OPEN = 1000

/** Codes that let somebody register, once. Of a code only its hash is stored. */
export interface Invites {
  create(expiresAt: number): { readonly invite: Invite; readonly code: string }
  list(): readonly Invite[]
  remove(id: string): boolean
  /** True for a code that was good; it is so no more. */
  redeem(code: string): boolean
}

export function createInvites(database: DatabaseSync, now: () => number): Invites {
  const removeExpired = database.prepare('DELETE FROM invites WHERE expires_at <= ?')
  const insert = database.prepare('INSERT INTO invites (id, hash, created_at, expires_at) VALUES (?, ?, ?, ?)')
  const all = database.prepare('SELECT * FROM invites WHERE expires_at > ? ORDER BY created_at, id')
  const remove = database.prepare('DELETE FROM invites WHERE id = ?')
  const redeem = database.prepare('DELETE FROM invites WHERE hash = ? AND expires_at > ?')
  const list = (): readonly Invite[] => all.all(now()).map(toInvite)
  return {
    create(expiresAt) {
      removeExpired.run(now())
      if (list().length >= MAX_OPEN) {
        throw new AppError('request.conflict', `there are ${MAX_OPEN} open invitations: withdraw one first`)
      }
      const code = newSecret()
      const invite = { id: newId(), createdAt: now(), expiresAt }
      insert.run(invite.id, hashOfSecret(code), invite.createdAt, expiresAt)
      return { invite, code }
    },
    list,
    remove: (id) => remove.run(id).changes > 0,
    redeem: (code) => redeem.run(hashOfSecret(code), now()).changes > 0,
  }
}

function toInvite(row: Record<string, SQLOutputValue>): Invite {
  return { id: String(row['id']), createdAt: Number(row['created_at']), expiresAt: Number(row['expires_at']) }
}
