import { randomBytes } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { VAULT_KEY_BYTES } from '../explorer/token-vault.ts'
import { readSecretFile, writeSecretFile } from '../p2p/identity/secret-file.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface ExplorerKeyInit {
  /** The key itself, in hex or base64; comes before `file`. */
  readonly text: string | undefined
  readonly file: string
  /** Whether a missing file is made. */
  readonly mayMake: boolean
}

const MAX_FILE_BYTES = 1024

/** The key of the pool database. It is never kept in the database. Throws `config.invalid`. */
export async function loadExplorerKey(
  deps: { readonly log: Pick<Logger, 'warn' | 'info'> },
  { text, file, mayMake }: ExplorerKeyInit,
): Promise<Uint8Array> {
  if (text !== undefined) return parseKey(text, 'LOCALAI_EXPLORER_KEY')
  const content = await readSecretFile(deps, file, MAX_FILE_BYTES)
  if (content !== undefined) return parseKey(content.toString('utf8'), file)
  if (!mayMake) {
    throw new AppError(
      'config.invalid',
      `the key of the pool database is missing: bring ${file} back, or name the place with --database-key-file`,
    )
  }
  const key = randomBytes(VAULT_KEY_BYTES)
  await writeSecretFile(file, `${key.toString('hex')}\n`)
  deps.log.info({ file }, 'a key for the tokens in the pool database was made; a backup of the database needs it too')
  return key
}

function parseKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim()
  const key = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64')
  const isKey = key.length === VAULT_KEY_BYTES && /^[\w+/=-]+$/.test(trimmed)
  if (isKey) return key
  throw new AppError('config.invalid', `${where}: the key must be ${VAULT_KEY_BYTES} bytes in hex or base64`)
}
