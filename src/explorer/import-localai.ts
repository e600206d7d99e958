import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { GivenToken, ReadToken } from './listed-network.ts'
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, toPrintable } from './listing-text.ts'
import type { NetworkStore } from './network-store.ts'
import type { TokenVault } from './token-vault.ts'

export interface ImportDeps {
  readonly database: DatabaseSync
  readonly store: NetworkStore
  readonly vault: TokenVault
  readonly readToken: ReadToken
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface ImportOutcome {
  readonly taken: number
  /** Their tokens are none. */
  readonly left: number
}

const FACT = 'imported'
const NO_NETWORKS = '--pool-database: the .json file does not hold networks as LocalAI writes them'

/**
 * Takes the networks out of a pool database of LocalAI: `{"<token>": {"name", "description", …}}`. Each content once, so that
 * what was removed here does not come back at the next start; undefined when it was taken before. Nobody gets a key to them,
 * and their tokens stay closed. Throws `config.invalid` for a file of another form.
 */
export function importLocalAi(content: string, deps: ImportDeps): ImportOutcome | undefined {
  const { database, store, vault, now } = deps
  const digest = createHash('sha256').update(content).digest('hex')
  const before = database.prepare('SELECT value FROM facts WHERE name = ?').get(FACT)
  if (before?.['value'] === digest) return undefined
  const entries = Object.entries(parse(content))
  const read = entries.flatMap(([text, entry]) => {
    const token = readOrUndefined(deps.readToken, text)
    return token === undefined ? [] : [{ token, entry }]
  })
  let taken = 0
  for (const { token, entry } of read) {
    const added = store.add({
      ...{ id: token.id, kind: token.kind, open: false, places: [], addedAtUnixMs: now(), keyHash: undefined },
      name: textIn(entry, 'name', MAX_NAME_LENGTH) || 'unnamed',
      description: textIn(entry, 'description', MAX_DESCRIPTION_LENGTH),
      sealedToken: vault.seal(token.id, token.text),
    })
    taken += Number(added)
  }
  database.prepare('INSERT INTO facts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2').run(FACT, digest)
  return { taken, left: entries.length - read.length }
}

function parse(content: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = content.trim() === '' ? {} : JSON.parse(content)
    if (isObject(value)) return value
  } catch (cause) {
    throw new AppError('config.invalid', NO_NETWORKS, { cause })
  }
  throw new AppError('config.invalid', NO_NETWORKS)
}

function readOrUndefined(readToken: ReadToken, text: string): GivenToken | undefined {
  try {
    return readToken(text)
  } catch {
    return undefined
  }
}

function textIn(entry: unknown, field: string, maxLength: number): string {
  const value = isObject(entry) ? entry[field] : undefined
  return typeof value === 'string' ? toPrintable(value, maxLength) : ''
}
