import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { openAccounts } from '../../../src/accounts/open-accounts.ts'

const HOUR = 3_600_000
const PASSWORD = 'correct horse'
const ada = { name: 'ada', email: undefined, password: PASSWORD, role: 'admin' } as const
const signedIn = { login: 'ada', password: PASSWORD, address: '127.0.0.1' }

function createFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'local-ai-accounts-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Accounts with a clock, and what they have warned of. */
function open(folder: string) {
  const clock = { now: Date.now() }
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line).msg) })
  const accounts = openAccounts(
    { log, now: () => clock.now },
    {
      file: join(folder, 'accounts.db'),
      setupCodeFile: join(folder, 'setup-code'),
      registrationMode: 'open',
      passwordCost: { memoryKibibytes: 8, passes: 1 },
    },
  )
  return { accounts, clock, warnings }
}

/** Fails as a disk without room does, for every connection, until it is taken back. */
function breakWrites(folder: string, what: string) {
  const database = new DatabaseSync(join(folder, 'accounts.db'))
  database.exec(`CREATE TRIGGER full BEFORE ${what} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`)
  return {
    [Symbol.dispose]() {
      database.exec('DROP TRIGGER full')
      database.close()
    },
  }
}

describe('accounts on a disk that cannot be written', () => {
  it('let in whoever is known, say so once, and go on when there is room', async () => {
    using folder = createFolder()
    const { accounts, clock, warnings } = open(folder.path)
    await using _open = accounts
    const { id } = await accounts.administration.create(ada)
    const { session } = await accounts.signIn(signedIn)
    const { secret } = accounts.keys.create(id, { name: 'k', expiresAt: undefined })
    clock.now += 2 * HOUR
    {
      using _keys = breakWrites(folder.path, 'UPDATE OF used_at ON keys')
      for (let times = 0; times < 3; times += 1) {
        assert.equal(accounts.identify(secret, { renew: true })?.account.name, 'ada')
        clock.now += HOUR
      }
      assert.equal(warnings.length, 1)
    }
    {
      using _sessions = breakWrites(folder.path, 'INSERT ON sessions')
      for (let times = 0; times < 3; times += 1) {
        const found = accounts.identify(session.secret, { renew: true })
        assert.equal(found?.account.name, 'ada')
        assert.ok(found.by === 'session' && found.renewed === undefined)
        // Were the old secret taken as replaced, it would end now.
        clock.now += HOUR
      }
    }
    const found = accounts.identify(session.secret, { renew: true })
    assert.ok(found?.by === 'session' && found.renewed !== undefined)
    clock.now += HOUR
    accounts.identify(secret, { renew: true })
    assert.equal(accounts.keys.list(id)[0]?.usedAt, clock.now)
  })

  it('do not hold up requests while another process keeps writing', async () => {
    using folder = createFolder()
    const { accounts, clock } = open(folder.path)
    await using _open = accounts
    const { id } = await accounts.administration.create(ada)
    const { secret } = accounts.keys.create(id, { name: 'k', expiresAt: undefined })
    const other = new DatabaseSync(join(folder.path, 'accounts.db'))
    try {
      other.exec('BEGIN IMMEDIATE')
      const began = performance.now()
      for (let times = 0; times < 5; times += 1) {
        assert.equal(accounts.identify(secret, { renew: true })?.by, 'key')
        clock.now += HOUR
      }
      // One wait for a lock is two seconds in which the node does nothing else.
      assert.ok(performance.now() - began < 1000)
    } finally {
      other.close()
    }
  })

  it('change a password together with its sessions, or not at all', async () => {
    using folder = createFolder()
    const { accounts } = open(folder.path)
    await using _open = accounts
    const { id } = await accounts.administration.create(ada)
    const { session } = await accounts.signIn(signedIn)
    {
      using _full = breakWrites(folder.path, 'DELETE ON sessions')
      const given = { current: PASSWORD, next: 'battery staple', address: '127.0.0.1' }
      await assert.rejects(accounts.changePassword({ id }, given), /full/)
      await assert.rejects(accounts.administration.setPassword(id, 'battery staple'), /full/)
    }
    assert.equal(accounts.identify(session.secret, { renew: false })?.by, 'session')
    await accounts.signIn(signedIn)
  })

  it('make the first admin whole or not at all, whatever becomes of the file of the code', async () => {
    using folder = createFolder()
    const { accounts } = open(folder.path)
    await using _open = accounts
    const code = String(accounts.issueSetupCode())
    const admin = { ...ada, address: '127.0.0.1', code }
    {
      using _full = breakWrites(folder.path, 'INSERT ON sessions')
      await assert.rejects(accounts.setUp(admin), /full/)
      assert.equal(accounts.hasUsers(), false)
    }
    rmSync(join(folder.path, 'setup-code'))
    mkdirSync(join(folder.path, 'setup-code'))
    assert.equal((await accounts.setUp(admin)).account.role, 'admin')
  })

  it('say which file is damaged, and what to do', async () => {
    using folder = createFolder()
    const file = join(folder.path, 'accounts.db')
    {
      const { accounts } = open(folder.path)
      await using _open = accounts
      await accounts.administration.create(ada)
    }
    const bytes = readFileSync(file)
    const damaged = [bytes.subarray(0, bytes.length / 2), Buffer.from('x'.repeat(5000)), Buffer.from(bytes)]
    damaged[2]?.fill(0x5a, 4096 * 2, 4096 * 4)
    for (const content of damaged) {
      writeFileSync(file, content)
      const message = new RegExp(`${file} cannot be used: .*: bring the file back from a backup, or move it away and`)
      assert.throws(() => open(folder.path), { code: 'config.invalid', message })
    }
  })
})
