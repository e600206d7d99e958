import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { type Accounts, type AccountsInit, openAccounts } from '../../../src/accounts/open-accounts.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const PASSWORD = 'correct horse'
const ADDRESS = '127.0.0.1'

function createFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'local-ai-accounts-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

interface Clock {
  now: number
}

function open(folder: string, clock: Clock = { now: Date.now() }, init: Partial<AccountsInit> = {}): Accounts {
  return openAccounts(
    { log: pino({ level: 'silent' }), now: () => clock.now },
    {
      file: join(folder, 'accounts.db'),
      setupCodeFile: join(folder, 'setup-code'),
      registrationMode: 'open',
      passwordCost: { memoryKibibytes: 8, passes: 1 },
      ...init,
    },
  )
}

const signIn = (accounts: Accounts, login = 'ada', password = PASSWORD) =>
  accounts.signIn({ login, password, address: ADDRESS })
const ada = { name: 'ada', email: 'ada@home.example', password: PASSWORD, role: 'admin' } as const

describe('the file of the accounts', () => {
  it('is for its owner only, survives the node, and holds no secret in clear', async () => {
    using folder = createFolder()
    let secrets: string[] = []
    {
      await using accounts = open(folder.path)
      const { id } = await accounts.administration.create(ada)
      const { session } = await signIn(accounts)
      const key = accounts.keys.create(id, { name: 'k', expiresAt: undefined })
      secrets = [PASSWORD, session.secret, key.secret, accounts.invites.create(Date.now() + DAY).code]
      for (const name of ['accounts.db', 'accounts.db-wal', 'accounts.db-shm']) {
        assert.equal(statSync(join(folder.path, name)).mode & 0o777, 0o600, name)
        const bytes = readFileSync(join(folder.path, name), 'latin1')
        for (const secret of secrets) assert.ok(!bytes.includes(secret), name)
      }
    }
    await using again = open(folder.path)
    assert.equal(again.identify(String(secrets[1]), { renew: false })?.account.name, 'ada')
    assert.equal(again.identify(String(secrets[2]), { renew: false })?.by, 'key')
  })

  it('of a newer program, or that is no database, is left alone', () => {
    using folder = createFolder()
    const file = join(folder.path, 'accounts.db')
    const database = new DatabaseSync(file)
    database.exec('CREATE TABLE migrations (version INTEGER PRIMARY KEY); INSERT INTO migrations VALUES (999)')
    database.close()
    assert.throws(() => open(folder.path), { code: 'config.invalid', message: /newer version/ })
    assert.throws(() => open(folder.path, undefined, { file: import.meta.filename }), { code: 'config.invalid' })
    assert.throws(() => open(join(folder.path, 'none')), { code: 'config.invalid' })
  })

  it('may be used by two processes: what one changes, the other knows at once', async () => {
    using folder = createFolder()
    await using node = open(folder.path)
    await using command = open(folder.path)
    const user = await command.administration.create({ ...ada, role: 'user' })
    const { session } = await signIn(node)
    assert.ok(node.identify(session.secret, { renew: false }))
    command.administration.setStatus(user.id, 'disabled')
    assert.equal(node.identify(session.secret, { renew: false }), undefined)
    command.administration.setStatus(user.id, 'active')
    assert.equal(node.identify(session.secret, { renew: false }), undefined, 'it has ended')
  })
})

describe('a session', () => {
  it('ends when nobody uses it for a week, and after a month however much it is used', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    await accounts.administration.create(ada)
    const idle = (await signIn(accounts)).session.secret
    let used = (await signIn(accounts)).session.secret
    for (let day = 1; day <= 29; day += 1) {
      clock.now += DAY
      const identity = accounts.identify(used, { renew: true })
      assert.ok(identity?.by === 'session' && identity.renewed !== undefined, `day ${day}`)
      used = identity.renewed.secret
      if (day === 6) assert.ok(accounts.identify(idle, { renew: false }))
      if (day === 7) assert.equal(accounts.identify(idle, { renew: false }), undefined)
    }
    clock.now += DAY
    assert.equal(accounts.identify(used, { renew: true }), undefined)
  })

  it('gets another secret every hour; the old one is good for a minute more', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    await accounts.administration.create(ada)
    const { secret } = (await signIn(accounts)).session
    clock.now += HOUR - 1
    const early = accounts.identify(secret, { renew: true })
    assert.ok(early?.by === 'session' && early.renewed === undefined)
    clock.now += 1
    const inHeader = accounts.identify(secret, { renew: false })
    assert.ok(inHeader?.by === 'session' && inHeader.renewed === undefined, 'nobody could be told')
    const due = accounts.identify(secret, { renew: true })
    assert.ok(due?.by === 'session' && due.renewed !== undefined)
    const beside = accounts.identify(secret, { renew: true })
    assert.ok(beside?.by === 'session' && beside.renewed === undefined, 'a request at the same time')
    clock.now += MINUTE
    assert.equal(accounts.identify(secret, { renew: true }), undefined)
    assert.ok(accounts.identify(due.renewed.secret, { renew: true }))
    accounts.sessions.end(due.family)
    assert.equal(accounts.identify(due.renewed.secret, { renew: true }), undefined)
  })

  it('is one of fifty: with one more the oldest ends', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    await accounts.administration.create(ada)
    const secrets: string[] = []
    for (let count = 0; count < 51; count += 1) {
      clock.now += 1
      secrets.push((await signIn(accounts)).session.secret)
    }
    const good = secrets.map((secret) => accounts.identify(secret, { renew: false }) !== undefined)
    assert.deepEqual([good[0], good.slice(1).every(Boolean)], [false, true])
  })

  it('is not over before it was used, though fifty others began while the clock was ahead', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 2) }
    await using accounts = open(folder.path, clock)
    await accounts.administration.create(ada)
    for (let count = 0; count < 50; count += 1) await signIn(accounts)
    clock.now -= DAY
    const first = (await signIn(accounts)).session.secret
    clock.now += 1
    const second = (await signIn(accounts)).session.secret
    for (const secret of [first, second]) assert.ok(accounts.identify(secret, { renew: false }))
  })
})

describe('signing in', () => {
  it('is by name or by address, in any case of letters', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    await accounts.administration.create(ada)
    for (const login of ['ada', 'ADA', 'ada@home.example', 'Ada@Home.example']) {
      assert.equal((await signIn(accounts, login)).account.name, 'ada', login)
    }
  })

  it('fails alike for a wrong password and for nobody', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    await accounts.administration.create(ada)
    const wrong = { code: 'request.unauthorized', message: 'name or password is wrong' }
    await assert.rejects(signIn(accounts, 'ada', 'wrong horse'), wrong)
    await assert.rejects(signIn(accounts, 'eve', PASSWORD), wrong)
  })

  it('takes the same work for nobody as for somebody, and none when there were too many attempts', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    await accounts.administration.create(ada)
    const work: string[] = []
    const hook = createHook({ init: (_id, type) => void work.push(type) }).enable()
    const hashes = () => work.splice(0).filter((type) => type === 'ARGON2REQUEST').length
    try {
      for (const login of ['ada', 'eve', 'eve@home.example', 'ada', 'ada', 'ada', 'ada']) {
        await assert.rejects(signIn(accounts, login, 'wrong horse'), { code: 'request.unauthorized' })
        assert.equal(hashes(), 1, login)
      }
      await assert.rejects(signIn(accounts), { code: 'request.rate-limited' })
      assert.equal(hashes(), 0)
    } finally {
      hook.disable()
    }
  })

  it('is refused after five failures from one address, also all at once, and again possible later', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    await accounts.administration.create(ada)
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => signIn(accounts, 'ada', 'wrong horse')))
    const codes = tries.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code)
    assert.equal(codes.filter((code) => code === 'request.unauthorized').length, 5)
    assert.equal(codes.filter((code) => code === 'request.rate-limited').length, 7)
    await assert.rejects(signIn(accounts), { code: 'request.rate-limited' })
    await assert.rejects(signIn(accounts, 'ada@home.example'), { code: 'request.rate-limited' }, 'the same account')
    assert.ok(await accounts.signIn({ login: 'ada', password: PASSWORD, address: '192.0.2.1' }), 'from elsewhere')
    clock.now += 5 * MINUTE
    assert.ok(await signIn(accounts))
  })

  it('is refused from an address that tries many names', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    for (let count = 0; count < 20; count += 1) {
      await assert.rejects(signIn(accounts, `user${count}`), { code: 'request.unauthorized' })
    }
    await assert.rejects(signIn(accounts, 'another'), { code: 'request.rate-limited' })
  })

  it('ends all sessions when the password changes', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    const user = await accounts.administration.create(ada)
    const before = (await signIn(accounts)).session.secret
    const given = { current: 'wrong horse', next: 'battery staple', address: ADDRESS }
    await assert.rejects(accounts.changePassword(user, given), { code: 'request.unauthorized' })
    await assert.rejects(accounts.changePassword(user, { ...given, current: PASSWORD, next: 'short' }), {
      code: 'request.invalid',
    })
    const { session } = await accounts.changePassword(user, { ...given, current: PASSWORD })
    assert.equal(accounts.identify(before, { renew: false }), undefined)
    assert.ok(accounts.identify(session.secret, { renew: false }))
    await assert.rejects(signIn(accounts), { code: 'request.unauthorized' })
    assert.ok(await signIn(accounts, 'ada', 'battery staple'))
  })

  it('keeps the password that an admin has set meanwhile', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    const user = await accounts.administration.create(ada)
    const given = { current: PASSWORD, next: 'battery staple', address: ADDRESS }
    // The admin's password is there while the user's next one is still being hashed.
    const changed = accounts.changePassword(user, given)
    const set = accounts.administration.setPassword(user.id, 'set by an admin')
    await Promise.all([set, assert.rejects(changed, { code: 'request.unauthorized' })])
    assert.ok(await signIn(accounts, 'ada', 'set by an admin'))
  })
})

describe('the first admin', () => {
  const setUp = (accounts: Accounts, code: string, name = 'ada') =>
    accounts.setUp({ code, name, password: PASSWORD, address: ADDRESS })

  it('is made by whoever reads the code, once, within a day', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    const old = accounts.issueSetupCode() ?? ''
    const file = join(folder.path, 'setup-code')
    const code = accounts.issueSetupCode() ?? ''
    assert.equal(readFileSync(file, 'utf8'), `${code}\n`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const refused = { code: 'request.forbidden' }
    await assert.rejects(setUp(accounts, old), refused)
    await assert.rejects(setUp(accounts, ''), refused)
    clock.now += DAY
    await assert.rejects(setUp(accounts, code), refused)
    clock.now -= 1
    const both = await Promise.allSettled([setUp(accounts, code), setUp(accounts, code, 'eve')])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.equal(accounts.administration.list()[0]?.role, 'admin')
    assert.throws(() => readFileSync(file), { code: 'ENOENT' })
    assert.equal(accounts.issueSetupCode(), undefined)
  })

  it('cannot be made by code when the command line has made one', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    await using command = open(folder.path)
    const code = accounts.issueSetupCode() ?? ''
    await command.administration.create(ada)
    await assert.rejects(setUp(accounts, code, 'eve'), { code: 'request.forbidden' })
  })

  it('is never the last to go', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    const { administration } = accounts
    const { id } = await administration.create(ada)
    const bob = await administration.create({ name: 'bob', password: PASSWORD, role: 'admin' })
    administration.setStatus(bob.id, 'disabled')
    const last = { code: 'request.conflict', message: /last admin/ }
    assert.throws(() => administration.setRole(id, 'user'), last)
    assert.throws(() => administration.setStatus(id, 'disabled'), last)
    assert.throws(() => administration.remove(id), last)
    assert.equal(administration.byName('ada').role, 'admin', 'nothing of it has happened')
    administration.setStatus(bob.id, 'active')
    administration.remove(id)
    assert.throws(() => administration.byName('ada'), { code: 'request.not-found' })
  })
})

describe('registration', () => {
  const register = (accounts: Accounts, name: string, invite?: string) =>
    accounts.register({ name, password: PASSWORD, address: ADDRESS, invite })

  it('lets in everybody, or whom an admin approves, or who is invited', async () => {
    for (const mode of ['open', 'approval', 'invite'] as const) {
      using folder = createFolder()
      await using accounts = open(folder.path, undefined, { registrationMode: mode })
      const invited = await register(accounts, 'guest', accounts.invites.create(Date.now() + DAY).code)
      assert.deepEqual([invited.account.status, invited.session !== undefined], ['active', true], mode)
      if (mode === 'invite') {
        await assert.rejects(register(accounts, 'bob'), { code: 'request.forbidden' })
        continue
      }
      const { account, session } = await register(accounts, 'bob')
      assert.equal(account.role, 'user')
      assert.deepEqual(
        [account.status, session !== undefined],
        [mode === 'open' ? 'active' : 'pending', mode === 'open'],
      )
      if (mode === 'open') continue
      await assert.rejects(signIn(accounts, 'bob'), { code: 'request.forbidden', message: /approval/ })
      await assert.rejects(signIn(accounts, 'bob', 'wrong horse'), { code: 'request.unauthorized' })
      accounts.administration.setStatus(account.id, 'active')
      assert.ok(await signIn(accounts, 'bob'))
    }
  })

  it('takes an invitation once, and none that has expired or was withdrawn', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock, { registrationMode: 'invite' })
    const { code } = accounts.invites.create(clock.now + DAY)
    const withdrawn = accounts.invites.create(clock.now + DAY)
    const expiring = accounts.invites.create(clock.now + HOUR)
    assert.equal(accounts.invites.list().length, 3)
    accounts.invites.remove(withdrawn.invite.id)
    clock.now += HOUR
    const both = await Promise.allSettled([register(accounts, 'bob', code), register(accounts, 'eve', code)])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    for (const bad of [code, withdrawn.code, expiring.code, 'made-up']) {
      await assert.rejects(register(accounts, 'eve2', bad), { code: 'request.forbidden' })
    }
    assert.equal(accounts.invites.list().length, 0)
  })

  it('takes no name or address twice, and none that is none', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    await accounts.administration.create(ada)
    await assert.rejects(register(accounts, 'ADA'), { code: 'request.conflict' })
    const person = { name: 'bob', password: PASSWORD, address: ADDRESS }
    await assert.rejects(accounts.register({ ...person, email: 'ADA@home.example' }), { code: 'request.conflict' })
    for (const email of ['bob', 'bob@', '@home', 'b ob@home']) {
      await assert.rejects(accounts.register({ ...person, email }), { code: 'request.invalid' }, email)
    }
    for (const name of ['', ' ', 'ada@home.example', 'a\nb', 'x'.repeat(65), '-', 'a/b']) {
      await assert.rejects(accounts.administration.create({ name, password: PASSWORD, role: 'user' }), {
        code: 'request.invalid',
      })
    }
    const twins = await Promise.allSettled([register(accounts, 'twin'), register(accounts, 'Twin')])
    assert.deepEqual(twins.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })
})

describe("a user's key", () => {
  it('expires, is revoked by its owner only, and is gone with its owner', async () => {
    using folder = createFolder()
    const clock = { now: Date.UTC(2030, 0, 1) }
    await using accounts = open(folder.path, clock)
    const user = await accounts.administration.create({ ...ada, role: 'user' })
    const other = await accounts.administration.create({ name: 'bob', password: PASSWORD, role: 'user' })
    const good = (secret: string) => accounts.identify(secret, { renew: false }) !== undefined
    const short = accounts.keys.create(user.id, { name: 'short', expiresAt: clock.now + HOUR })
    const long = accounts.keys.create(user.id, { name: 'long', expiresAt: undefined })
    assert.match(long.secret, /^lai-[\w-]{43}$/)
    assert.deepEqual([good(short.secret), good(long.secret), good(`${long.secret}x`)], [true, true, false])
    assert.equal(accounts.keys.list(user.id).find(({ name }) => name === 'long')?.usedAt, clock.now)
    clock.now += HOUR
    assert.deepEqual([good(short.secret), good(long.secret)], [false, true])
    assert.equal(accounts.keys.remove(other.id, long.key.id), false)
    assert.equal(good(long.secret), true)
    accounts.administration.setStatus(user.id, 'disabled')
    assert.equal(good(long.secret), false)
    accounts.administration.setStatus(user.id, 'active')
    assert.equal(accounts.keys.remove(user.id, long.key.id), true)
    assert.equal(good(long.secret), false)
    const last = accounts.keys.create(user.id, { name: 'last', expiresAt: undefined })
    accounts.administration.remove(user.id)
    assert.equal(good(last.secret), false)
  })

  it('is one of a hundred', async () => {
    using folder = createFolder()
    await using accounts = open(folder.path)
    const { id } = await accounts.administration.create(ada)
    for (let count = 0; count < 100; count += 1) accounts.keys.create(id, { name: 'k', expiresAt: undefined })
    assert.throws(() => accounts.keys.create(id, { name: 'k', expiresAt: undefined }), { code: 'request.conflict' })
  })
})
