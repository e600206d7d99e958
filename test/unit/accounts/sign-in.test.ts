import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { MIGRATIONS } from '../../../src/accounts/migrations.ts'
import { type Accounts, openAccounts } from '../../../src/accounts/open-accounts.ts'
import { createPasswords } from '../../../src/accounts/passwords.ts'
import { createSessions } from '../../../src/accounts/sessions.ts'
import { createSignIn } from '../../../src/accounts/sign-in.ts'
import { createSpareWrites } from '../../../src/accounts/spare-writes.ts'
import { createUserStore } from '../../../src/accounts/user-store.ts'
import { inTransaction, openSqlite } from '../../../src/base/open-sqlite.ts'

const log = pino({ level: 'silent' })
const passwordCost = { memoryKibibytes: 8, passes: 1 }
const PASSWORD = 'correct horse'
const ada = { name: 'ada', password: PASSWORD, address: '127.0.0.1' }

/** A node that has to wait for the file while `command`, another process, changes it. */
async function openWaiting(change: (command: Accounts, id: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-sign-in-'))
  const file = join(folder, 'accounts.db')
  const command = openAccounts(
    { log },
    { file, setupCodeFile: join(folder, 'code'), registrationMode: 'open', passwordCost },
  )
  const { id } = await command.administration.create({ ...ada, role: 'user' })
  const database = openSqlite({ file, what: 'the accounts', migrations: MIGRATIONS, withoutIt: 'begin anew' })
  const spareWrites = createSpareWrites(database, { log, now: Date.now })
  const sessions = createSessions({ database, spareWrites, now: Date.now })
  const node = createSignIn({
    ...{ users: createUserStore(database), sessions, passwords: createPasswords(passwordCost), now: Date.now, log },
    atomically(work) {
      change(command, id)
      return inTransaction(database, work)
    },
  })
  return {
    node,
    command,
    id,
    async [Symbol.asyncDispose]() {
      database.close()
      await command[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

describe('an account that another process changes between the check of the password and the session', () => {
  const signIn = { login: ada.name, password: PASSWORD, address: ada.address }
  const next = { current: PASSWORD, next: 'battery staple', address: ada.address }

  it('is let in no more when it was disabled, nor once it is enabled again', async () => {
    await using open = await openWaiting((command, id) => command.administration.setStatus(id, 'disabled'))
    await assert.rejects(open.node.signIn(signIn), { code: 'request.forbidden' })
    await assert.rejects(open.node.changePassword(open, next), { code: 'request.forbidden' })
  })

  it('is not there when it was removed', async () => {
    await using open = await openWaiting((command, id) => command.administration.remove(id))
    await assert.rejects(open.node.signIn(signIn), { code: 'request.unauthorized' })
  })
})
