import { rmSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../base/errors.ts'
import { hashOfSecret, newSecret } from './secrets.ts'

const LIFETIME_MS = 24 * 3_600_000

/** Proof of owning the node while it has no admin yet: whoever reads its files may make the first. */
export interface SetupCode {
  /**
   * Makes a new code, good for a day, and writes it into the file. Codes before it are worth nothing. Throws
   * `config.invalid` when it cannot be written.
   */
  issue(): string
  isGood(code: string): boolean
  /** No code is good any more. */
  withdraw(): void
  /** After that the file is worth nothing: one that cannot be removed does no harm. */
  removeFile(): void
}

export function createSetupCode(database: DatabaseSync, file: string, now: () => number): SetupCode {
  const insert = database.prepare('INSERT INTO setup_codes (hash, expires_at) VALUES (?, ?)')
  const find = database.prepare('SELECT 1 AS found FROM setup_codes WHERE hash = ? AND expires_at > ?')
  const remove = database.prepare('DELETE FROM setup_codes')
  return {
    issue() {
      const code = newSecret()
      try {
        // A file that was there keeps its rights: never write into it.
        rmSync(file, { force: true })
        writeFileSync(file, `${code}\n`, { mode: 0o600, flag: 'wx' })
        remove.run()
        insert.run(hashOfSecret(code), now() + LIFETIME_MS)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        const message = `the code for the first admin cannot be written to ${file}: ${reason}`
        throw new AppError('config.invalid', message, { cause: error })
      }
      return code
    },
    isGood: (code) => find.get(hashOfSecret(code), now()) !== undefined,
    withdraw: () => void remove.run(),
    removeFile() {
      try {
        rmSync(file, { force: true })
      } catch {}
    },
  }
}
