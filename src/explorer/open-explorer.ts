import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../base/errors.ts'
import { inTransaction, openSqlite } from '../base/open-sqlite.ts'
import { createHistoryStore, type HistoryStore } from './history-store.ts'
import { MIGRATIONS } from './migrations.ts'
import { createNetworkStore, type NetworkStore } from './network-store.ts'
import type { TokenVault } from './token-vault.ts'

/** The explorer's database, open. */
export interface ExplorerDatabase extends Disposable {
  readonly database: DatabaseSync
  readonly store: NetworkStore
  readonly histories: HistoryStore
  atomically<T>(work: () => T): T
}

const FACT = 'key'

/** Throws `config.invalid` when the file cannot be used, or the tokens in it were sealed with another key. */
export function openExplorer(file: string, vault: Pick<TokenVault, 'fingerprint'>): ExplorerDatabase {
  const withoutIt = 'begin with an empty list'
  const database = openSqlite({ file, what: 'the pool database', withoutIt, migrations: MIGRATIONS })
  try {
    checkKey(database, file, vault.fingerprint)
    return {
      database,
      store: createNetworkStore(database),
      histories: createHistoryStore(database),
      atomically: (work) => inTransaction(database, work),
      [Symbol.dispose]: () => database.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function checkKey(database: DatabaseSync, file: string, fingerprint: string): void {
  const known = database.prepare('SELECT value FROM facts WHERE name = ?').get(FACT)?.['value']
  if (known === fingerprint) return
  const isEmpty = database.prepare('SELECT 1 FROM networks LIMIT 1').get() === undefined
  if (known !== undefined && !isEmpty) {
    throw new AppError(
      'config.invalid',
      `the tokens in ${file} were sealed with another key: give the one of before with --database-key-file`,
    )
  }
  database.prepare('INSERT INTO facts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2').run(FACT, fingerprint)
}
