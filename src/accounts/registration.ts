import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Account, AccountStatus } from './account.ts'
import { type AttemptLimit, createAttempts } from './attempts.ts'
import type { Invites } from './invites.ts'
import { checkPerson, type Person, toUser } from './new-user.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import type { SetupCode } from './setup-code.ts'
import { type SignedIn, sourceOf } from './sign-in.ts'
import type { UserStore } from './user-store.ts'

/** Who may register: everybody; everybody, and an admin lets them in; who has been invited. */
export type RegistrationMode = 'open' | 'approval' | 'invite'

export interface RegistrationDeps {
  readonly users: UserStore
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly invites: Invites
  readonly setupCode: SetupCode
  readonly atomically: <T>(work: () => T) => T
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
}

interface Applicant extends Person {
  readonly password: string
  readonly address: string
}

export interface Registered {
  readonly account: Account
  /** Absent while the account waits for an admin. */
  readonly session?: SignedIn['session']
}

export interface Registration {
  /** Throws `request.forbidden` without an invitation where one is needed, `request.conflict`, `request.rate-limited`. */
  register(applicant: Applicant & { readonly invite?: string | undefined }, options?: AbortOptions): Promise<Registered>
  /** Makes the first admin. Throws `request.forbidden` for a wrong code and when there is an admin. */
  setUp(applicant: Applicant & { readonly code: string }, options?: AbortOptions): Promise<SignedIn>
}

/** Of one address, successful ones too. */
const OF_ADDRESS: AttemptLimit = { attempts: 20, windowMs: 5 * 60_000 }

export function createRegistration(
  { users, sessions, passwords, invites, setupCode, atomically, now, log }: RegistrationDeps,
  { mode }: { readonly mode: RegistrationMode },
): Registration {
  const attempts = createAttempts(OF_ADDRESS, now)

  /** Redeems an invitation that was given. */
  function statusFor(invite: string | undefined): AccountStatus {
    if (invite !== undefined) {
      if (!invites.redeem(invite)) throw new AppError('request.forbidden', 'this invitation is not valid')
      return 'active'
    }
    if (mode === 'invite') throw new AppError('request.forbidden', 'registration needs an invitation')
    return mode === 'open' ? 'active' : 'pending'
  }

  return {
    async register({ name, email, password, address, invite }, options = {}) {
      attempts.begin(sourceOf(address))
      if (mode === 'invite' && invite === undefined) statusFor(undefined)
      checkPerson(users, { name, email })
      const passwordHash = await passwords.hash(password, options)
      const registered = atomically(() => {
        checkPerson(users, { name, email })
        const user = toUser({ name, email, passwordHash, role: 'user', status: statusFor(invite) }, now())
        users.insert(user)
        const made = users.byId(user.id) ?? user
        return made.status === 'active' ? { account: made, session: sessions.begin(made.id) } : { account: made }
      })
      const { account } = registered
      log.info({ user: account.id, userName: account.name, status: account.status }, 'a user has registered')
      return registered
    },

    async setUp({ name, email, password, address, code }, options = {}) {
      attempts.begin(sourceOf(address))
      const checkCode = (): void => {
        if (users.activeAdmins() > 0 || !setupCode.isGood(code)) {
          throw new AppError('request.forbidden', 'this setup code is not valid')
        }
      }
      checkCode()
      checkPerson(users, { name, email })
      const passwordHash = await passwords.hash(password, options)
      const signedIn = atomically(() => {
        checkCode()
        checkPerson(users, { name, email })
        const user = toUser({ name, email, passwordHash, role: 'admin', status: 'active' }, now())
        users.insert(user)
        setupCode.withdraw()
        return { account: user, session: sessions.begin(user.id) }
      })
      setupCode.removeFile()
      const { account } = signedIn
      log.info({ user: account.id, userName: account.name }, 'the first admin has been made')
      return signedIn
    },
  }
}
