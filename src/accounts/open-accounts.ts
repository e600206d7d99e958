import { inTransaction, openSqlite } from '../base/open-sqlite.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Account, SessionSecret } from './account.ts'
import { type AccountKeys, createAccountKeys } from './account-keys.ts'
import { type Administration, createAdministration } from './administration.ts'
import { createInvites, type Invites } from './invites.ts'
import { MIGRATIONS } from './migrations.ts'
import { createPasswords, type PasswordCost } from './passwords.ts'
import { createRegistration, type Registration, type RegistrationMode } from './registration.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSetupCode } from './setup-code.ts'
import { createSignIn, type SignIn } from './sign-in.ts'
import { createSpareWrites } from './spare-writes.ts'
import { createUserStore } from './user-store.ts'

/** Who a secret belongs to. */
export type Identity =
  | { readonly by: 'key'; readonly account: Account }
  | {
      readonly by: 'session'
      readonly account: Account
      readonly family: string
      /** What the browser shall keep from now on instead. */
      readonly renewed?: SessionSecret
    }

/** The users of a node: an SQLite file, and what can be done with it. Another process may use it at the same time. */
export interface Accounts extends SignIn, Registration, AsyncDisposable {
  readonly registrationMode: RegistrationMode
  readonly keys: Pick<AccountKeys, 'create' | 'list' | 'remove'>
  readonly invites: Pick<Invites, 'create' | 'list' | 'remove'>
  readonly administration: Administration
  readonly sessions: Pick<Sessions, 'end'>
  /** A session or a key. `renew`: the answer can carry another secret for the session. */
  identify(secret: string, options: { readonly renew: boolean }): Identity | undefined
  hasUsers(): boolean
  /** A new code for making the first admin, also written to the file; undefined when there is an admin. */
  issueSetupCode(): string | undefined
}

export interface AccountsInit {
  /** Made when it is missing. */
  readonly file: string
  /** Where the code for the first admin is written. */
  readonly setupCodeFile: string
  readonly registrationMode: RegistrationMode
  readonly passwordCost?: PasswordCost
}

export interface AccountsDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly now?: () => number
}

/** Throws `config.invalid` when the file cannot be used. */
export function openAccounts({ log, now = Date.now }: AccountsDeps, init: AccountsInit): Accounts {
  const database = openSqlite({
    ...{ file: init.file, what: 'the accounts', migrations: MIGRATIONS },
    withoutIt: 'begin without users',
  })
  const users = createUserStore(database)
  const spareWrites = createSpareWrites(database, { log, now })
  const sessions = createSessions({ database, spareWrites, now })
  const keys = createAccountKeys({ database, spareWrites, now })
  const invites = createInvites(database, now)
  const setupCode = createSetupCode(database, init.setupCodeFile, now)
  const passwords = createPasswords(init.passwordCost)
  const atomically = <T>(work: () => T): T => inTransaction(database, work)
  const deps = { users, sessions, passwords, invites, setupCode, atomically, now, log }
  return {
    ...createSignIn(deps),
    ...createRegistration(deps, { mode: init.registrationMode }),
    registrationMode: init.registrationMode,
    keys,
    invites,
    administration: createAdministration(deps),
    sessions,
    identify(secret, options) {
      const account = keys.use(secret)
      if (account !== undefined) return { by: 'key', account }
      const visited = sessions.visit(secret, options)
      return visited === undefined ? undefined : { by: 'session', ...visited }
    },
    hasUsers: () => users.count() > 0,
    issueSetupCode: () => (users.activeAdmins() > 0 ? undefined : setupCode.issue()),
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close()
    },
  }
}
