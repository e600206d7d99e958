import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { readSecretFile, writeSecretFile } from '../identity/secret-file.ts'
import type { NetworkToken } from './network-token.ts'
import { parseToken } from './parse-token.ts'
import { MAX_TOKEN_BYTES, plainTokenText } from './token-text.ts'

export interface ReadToken {
  readonly token: NetworkToken
  /** As every LocalAI reads it, unknown keys included: for `<folder>/token` and for a command that joins. A secret. */
  readonly text: string
}

export interface TokenFolder {
  readonly folder: string
}

/** Throws `token.invalid`; its sentence begins with `where`, when that is given. */
export function readToken(text: string, where?: string): ReadToken {
  try {
    return { token: parseToken(text), text: plainTokenText(text) }
  } catch (error) {
    const { code, message } = AppError.from(error, 'token.invalid')
    throw where === undefined ? error : new AppError(code, `${where}: ${message}`)
  }
}

/**
 * The token in `<folder>/token`; undefined when there is none. Throws `token.invalid` when it is damaged,
 * `config.invalid` when it cannot be read.
 */
export async function readStoredToken(
  deps: { readonly log: Pick<Logger, 'warn'> },
  { folder }: TokenFolder,
): Promise<ReadToken | undefined> {
  const path = join(folder, 'token')
  const content = await readSecretFile(deps, path, MAX_TOKEN_BYTES)
  if (content === undefined) return undefined
  try {
    return readToken(content.toString('utf8'), path)
  } catch (error) {
    const { code, message } = AppError.from(error, 'token.invalid')
    const advice = 'bring it back from a backup, give the token of the network again, or delete it to found another one'
    throw new AppError(code, `${message}: ${advice}`, { cause: error })
  }
}

/** Keeps a token for the next start, for this user only (0600). Throws `config.invalid`. */
export async function storeToken({ folder }: TokenFolder, text: string): Promise<void> {
  await writeSecretFile(join(folder, 'token'), `${text}\n`)
}
