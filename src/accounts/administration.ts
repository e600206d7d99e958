import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Account, Role } from './account.ts'
import { checkPerson, type Person, toUser } from './new-user.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import type { SetupCode } from './setup-code.ts'
import type { StoredUser, UserStore } from './user-store.ts'

export interface AdministrationDeps {
  readonly users: UserStore
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly setupCode: SetupCode
  readonly atomically: <T>(work: () => T) => T
  readonly now: () => number
  readonly log: Pick<Logger, 'info'>
}

/**
 * What admins do, and the owner on the command line. All throw `request.not-found` for an unknown user, and
 * `request.conflict` rather than leave the node without an admin. Changes count from the next request on.
 */
export interface Administration {
  list(): readonly Account[]
  byName(name: string): Account
  create(user: Person & { readonly password: string; readonly role: Role }, options?: AbortOptions): Promise<Account>
  setRole(id: string, role: Role): Account
  /** Also approves an account that waits. Whoever is disabled is signed out. */
  setStatus(id: string, status: 'active' | 'disabled'): Account
  /** Signs the user out. */
  setPassword(id: string, password: string, options?: AbortOptions): Promise<void>
  /** With all sessions and keys. */
  remove(id: string): void
}

export function createAdministration(deps: AdministrationDeps): Administration {
  const { users, sessions, passwords, setupCode, atomically, now, log } = deps

  function known(user: StoredUser | undefined): StoredUser {
    if (user === undefined) throw new AppError('request.not-found', 'there is no such user')
    return user
  }

  /** Does it unless this was the last admin who is let in. */
  function change(id: string, work: (user: StoredUser) => void): void {
    atomically(() => {
      const before = users.activeAdmins()
      work(known(users.byId(id)))
      if (before > 0 && users.activeAdmins() === 0) {
        throw new AppError('request.conflict', 'this is the last admin: make another one first')
      }
    })
  }

  return {
    list: () => users.list(),
    byName: (name) => known(users.byName(name)),
    async create({ name, email, password, role }, options = {}) {
      checkPerson(users, { name, email })
      const passwordHash = await passwords.hash(password, options)
      const account = atomically(() => {
        checkPerson(users, { name, email })
        const user = toUser({ name, email, passwordHash, role, status: 'active' }, now())
        users.insert(user)
        if (role === 'admin') setupCode.withdraw()
        return user
      })
      if (role === 'admin') setupCode.removeFile()
      log.info({ user: account.id, userName: name, role }, 'a user has been made')
      return account
    },
    setRole(id, role) {
      change(id, () => users.setRole(id, role))
      log.info({ user: id, role }, 'the role of a user has changed')
      return known(users.byId(id))
    },
    setStatus(id, status) {
      change(id, () => {
        users.setStatus(id, status)
        if (status === 'disabled') sessions.endAllOf(id)
      })
      log.info({ user: id, status }, 'the status of a user has changed')
      return known(users.byId(id))
    },
    async setPassword(id, password, options = {}) {
      const passwordHash = await passwords.hash(password, options)
      atomically(() => {
        known(users.byId(id))
        users.setPassword(id, passwordHash)
        sessions.endAllOf(id)
      })
      log.info({ user: id }, 'the password of a user has been set')
    },
    remove(id) {
      change(id, () => users.remove(id))
      log.info({ user: id }, 'a user has been removed')
    },
  }
}
