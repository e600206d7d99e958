import { isIPv6 } from 'node:net'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Account, SessionSecret } from './account.ts'
import { type AttemptLimit, createAttempts } from './attempts.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import type { StoredUser, UserStore } from './user-store.ts'

export interface SignInDeps {
  readonly users: UserStore
  readonly sessions: Sessions
  readonly passwords: Passwords
  /** All of it is written, or nothing. */
  readonly atomically: <T>(work: () => T) => T
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export interface SignedIn {
  readonly account: Account
  readonly session: SessionSecret
}

export interface SignIn {
  /**
   * `login` is a name or an e-mail address. Throws `request.unauthorized` for what does not fit together,
   * `request.forbidden` for an account that is not let in, `request.rate-limited`.
   */
  signIn(
    given: { readonly login: string; readonly password: string; readonly address: string },
    options?: AbortOptions,
  ): Promise<SignedIn>
  /** Ends all sessions of the account and begins a new one. Throws as `signIn` does. */
  changePassword(
    account: Pick<Account, 'id'>,
    given: { readonly current: string; readonly next: string; readonly address: string },
    options?: AbortOptions,
  ): Promise<SignedIn>
}

const MINUTE_MS = 60_000
/** Of one address, whatever names it tries. */
const OF_ADDRESS: AttemptLimit = { attempts: 20, windowMs: 5 * MINUTE_MS }
/** Of one address for one name. */
const OF_PAIR: AttemptLimit = { attempts: 5, windowMs: 5 * MINUTE_MS }
/** For one name, from wherever: so many that nobody can easily keep its owner out. */
const OF_NAME: AttemptLimit = { attempts: 100, windowMs: 15 * MINUTE_MS }

/** With name and password. What is wrong, and whether there is such a name, is not told. */
export function createSignIn({ users, sessions, passwords, atomically, now, log }: SignInDeps): SignIn {
  const ofAddress = createAttempts(OF_ADDRESS, now)
  const ofPair = createAttempts(OF_PAIR, now)
  const ofName = createAttempts(OF_NAME, now)

  async function verified(
    user: StoredUser | undefined,
    given: { readonly login: string; readonly password: string; readonly address: string },
    options: AbortOptions,
  ): Promise<StoredUser> {
    // Whatever of the two they type: one account is one name.
    const name = user?.id ?? given.login.toLowerCase()
    const source = sourceOf(given.address)
    const counts = [
      [ofAddress, source],
      [ofPair, `${source} ${name}`],
      [ofName, name],
    ] as const
    for (const [attempts, key] of counts) attempts.begin(key)
    const fits = await passwords.verify(given.password, user?.passwordHash, options)
    // Meanwhile the account may have been changed.
    const current = user === undefined ? undefined : users.byId(user.id)
    if (!fits || current === undefined || current.passwordHash !== user?.passwordHash) {
      log.warn({ source }, 'a sign-in failed')
      throw wrong()
    }
    for (const [attempts, key] of counts) attempts.succeeded(key)
    return current
  }

  /** The account as it is when this node has its turn to write: another process may have changed it until then. */
  function unchanged({ id, passwordHash }: StoredUser): StoredUser {
    const current = users.byId(id)
    if (current?.passwordHash !== passwordHash) throw wrong()
    return current
  }

  function begin(user: StoredUser): SignedIn {
    if (user.status !== 'active') {
      const reason = user.status === 'pending' ? 'waits for the approval of an admin' : 'has been disabled'
      throw new AppError('request.forbidden', `this account ${reason}`)
    }
    users.setSignedIn(user.id, now())
    log.info({ user: user.id, userName: user.name }, 'signed in')
    return { account: { ...user, signedInAt: now() }, session: sessions.begin(user.id) }
  }

  return {
    async signIn(given, options = {}) {
      const { login } = given
      const user = login.includes('@') ? users.byEmail(login) : users.byName(login)
      const checked = await verified(user, given, options)
      return atomically(() => begin(unchanged(checked)))
    },
    async changePassword({ id }, { current: password, next, address }, options = {}) {
      const user = users.byId(id)
      const checked = await verified(user, { login: id, password, address }, options)
      const passwordHash = await passwords.hash(next, options)
      // A new password with the old sessions would leave somebody in who is to be out.
      return atomically(() => {
        // An admin may have set another password meanwhile, or let the account in no more: that is what holds.
        const current = unchanged(checked)
        users.setPassword(id, passwordHash)
        sessions.endAllOf(id)
        return begin(current)
      })
    },
  }
}

function wrong(): AppError {
  return new AppError('request.unauthorized', 'name or password is wrong')
}

/** Who has one IPv6 address has a whole /64 of them. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${groups.slice(0, 4).join(':')}::/64`
}
