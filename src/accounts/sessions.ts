import type { DatabaseSync } from 'node:sqlite'
import type { Account, SessionSecret } from './account.ts'
import { hashOfSecret, newId, newSecret } from './secrets.ts'
import type { SpareWrites } from './spare-writes.ts'
import { toAccount } from './user-store.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** After this long without a visit a session ends. */
const IDLE_MS = 7 * DAY_MS
/** However often it is used, it ends after this long. */
const LONGEST_MS = 30 * DAY_MS
/** A secret that is older is replaced at the next visit: one that was copied does not stay good for long. */
const RENEW_MS = HOUR_MS
/** The old secret is good for this long after it was replaced: a browser sends requests at the same time. */
const GRACE_MS = MINUTE_MS
/** One more, and the oldest sign-in of that user ends. */
const MAX_OF_USER = 50

export interface VisitedSession {
  readonly account: Account
  readonly family: string
  /** What the browser shall keep from now on instead. */
  readonly renewed?: SessionSecret
}

/** Who is signed in. Of a secret only its hash is stored; all secrets of one sign-in are a family. */
export interface Sessions {
  begin(userId: string): SessionSecret
  /** Undefined for what is no session, has ended, or belongs to somebody who is not let in (any more). */
  visit(secret: string, options: { readonly renew: boolean }): VisitedSession | undefined
  end(family: string): void
  endAllOf(userId: string): void
}

export interface SessionsDeps {
  readonly database: DatabaseSync
  readonly spareWrites: SpareWrites
  readonly now: () => number
}

export function createSessions({ database, spareWrites, now }: SessionsDeps): Sessions {
  const find = database.prepare(
    `SELECT users.*, sessions.family, sessions.signed_in_at AS began_at, sessions.renewed_at, sessions.replaced
     FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.hash = ? AND sessions.expires_at > ? AND users.status = 'active'`,
  )
  const insert = database.prepare(
    'INSERT INTO sessions (hash, family, user_id, signed_in_at, renewed_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const replace = database.prepare(
    'UPDATE sessions SET replaced = 1, expires_at = min(expires_at, ?) WHERE hash = ? AND replaced = 0',
  )
  const removeExpired = database.prepare('DELETE FROM sessions WHERE expires_at <= ?')
  // What began later than now began while the clock was ahead: it must not push out whoever has just signed in.
  const removeOldest = database.prepare(
    `DELETE FROM sessions WHERE user_id = ? AND family NOT IN
     (SELECT family FROM sessions WHERE user_id = ? GROUP BY family
      ORDER BY max(signed_in_at) > ?, max(signed_in_at) DESC LIMIT ?)`,
  )
  const removeFamily = database.prepare('DELETE FROM sessions WHERE family = ?')
  const removeOfUser = database.prepare('DELETE FROM sessions WHERE user_id = ?')

  function add(userId: string, family: string, beganAt: number): SessionSecret {
    const secret = newSecret()
    const expiresAt = Math.min(now() + IDLE_MS, beganAt + LONGEST_MS)
    insert.run(hashOfSecret(secret), family, userId, beganAt, now(), expiresAt)
    return { secret, expiresAt }
  }

  return {
    begin(userId) {
      const beganAt = now()
      removeExpired.run(beganAt)
      const session = add(userId, newId(), beganAt)
      removeOldest.run(userId, userId, beganAt, MAX_OF_USER)
      return session
    },
    visit(secret, { renew }) {
      const hash = hashOfSecret(secret)
      const row = find.get(hash, now())
      if (row === undefined) return undefined
      const account = toAccount(row)
      const family = String(row['family'])
      const visited = { account, family }
      if (!renew || row['replaced'] === 1 || now() - Number(row['renewed_at']) < RENEW_MS) return visited
      // What cannot be renewed now is good as it is, and is renewed by a later visit.
      const renewed = spareWrites.attempt(() => {
        // Of two visits at the same time (in two processes) one renews.
        if (replace.run(now() + GRACE_MS, hash).changes === 0) return undefined
        return add(account.id, family, Number(row['began_at']))
      })
      return { ...visited, ...(renewed && { renewed }) }
    },
    end: (family) => void removeFamily.run(family),
    endAllOf: (userId) => void removeOfUser.run(userId),
  }
}
