import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from './errors.ts'

export interface SqliteInit {
  readonly file: string
  /** What is in it, for errors: `the accounts`. */
  readonly what: string
  /** What becomes of somebody who moves a damaged file away, as the end of a sentence that begins with "and". */
  readonly withoutIt: string
  /** Each brings the tables from one version to the next. Those that have been released are never changed. */
  readonly migrations: readonly string[]
}

/** How long a writer of another process is waited for. */
const BUSY_MS = 2000

/**
 * Opens a file, readable by its owner only, and brings its tables up to date. What was committed survives the end of the
 * process at any moment. Throws `config.invalid` when it cannot be used, or was written by a newer program.
 */
export function openSqlite(init: SqliteInit): DatabaseSync {
  const { file, what, withoutIt } = init
  let database: DatabaseSync | undefined
  try {
    // SQLite gives the files beside it the same rights.
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;')
    checkPages(database)
    migrate(database, init)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof AppError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const advice = isDamage(error) ? `: bring the file back from a backup, or move it away and ${withoutIt}` : ''
    throw new AppError('config.invalid', `${what} in ${file} cannot be used: ${reason}${advice}`, { cause: error })
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE: readonly unknown[] = [11, 26]

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && DAMAGE.includes(error.errcode)
}

/** What is broken in the middle would else be found by whoever needs it, while the node runs. */
function checkPages(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (found !== 'ok') throw Object.assign(new Error('its pages do not fit together'), { errcode: DAMAGE[0] })
}

function migrate(database: DatabaseSync, { file, what, migrations }: SqliteInit): void {
  inTransaction(database, () => {
    database.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT')
    const done = Number(database.prepare('SELECT max(version) AS version FROM migrations').get()?.['version'] ?? 0)
    if (done > migrations.length) {
      throw new AppError('config.invalid', `${what} in ${file} were written by a newer version of this program`)
    }
    for (const [index, statements] of migrations.entries()) {
      if (index < done) continue
      database.exec(statements)
      database.prepare('INSERT INTO migrations (version) VALUES (?)').run(index + 1)
    }
  })
}

/** As `inTransaction`, but it fails at once while another process writes. */
export function withoutWaiting<T>(database: DatabaseSync, work: () => T): T {
  database.exec('PRAGMA busy_timeout = 0')
  try {
    return inTransaction(database, work)
  } finally {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
  }
}

/** All of it happens, or nothing. The work may not wait for anything. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
