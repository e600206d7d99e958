import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { PublicSummary } from '../p2p/view/public-summary.ts'
import type { ListedNetwork, StoredSummary, TokenKind } from './listed-network.ts'

/** What is only for the explorer itself. */
export interface NetworkSecrets {
  readonly sealedToken: Uint8Array
  /** SHA-256 of the adder's key; undefined when nobody has one. */
  readonly keyHash: Uint8Array | undefined
}

/** Multiaddresses where members were seen: for the next visit. */
export interface NetworkPlaces {
  readonly places: readonly string[]
}

export type NewNetwork = Pick<ListedNetwork, 'id' | 'kind' | 'name' | 'description' | 'open' | 'addedAtUnixMs'> &
  NetworkSecrets &
  NetworkPlaces

/** The networks in the database. Other processes may write to it at the same time. */
export interface NetworkStore {
  /** False when it is there already. */
  add(network: NewNetwork): boolean
  find(id: string): ListedNetwork | undefined
  secretsOf(id: string): (NetworkSecrets & NetworkPlaces) | undefined
  list(): readonly ListedNetwork[]
  count(): number
  /** Ids of those whose visit is due, longest due first. */
  due(unixMs: number, limit: number): readonly string[]
  /** When the next one is due; undefined when there is none. */
  nextDueAt(): number | undefined
  /** Those that were visited later than now, by a clock that was ahead, are due: by that clock it would take until then. */
  hasten(unixMs: number): void
  edit(id: string, change: Pick<ListedNetwork, 'name' | 'description' | 'open'>): void
  remove(id: string): void
  succeeded(
    id: string,
    told: { readonly atUnixMs: number; readonly nextAtUnixMs: number; readonly summary: PublicSummary },
  ): void
  failed(
    id: string,
    told: { readonly atUnixMs: number; readonly nextAtUnixMs: number; readonly failures: number },
  ): void
}

export function createNetworkStore(database: DatabaseSync): NetworkStore {
  const add = database.prepare(
    `INSERT INTO networks (id, kind, name, description, sealed_token, open, key_hash, added_at, failures, next_visit_at, places)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT (id) DO NOTHING`,
  )
  const find = database.prepare('SELECT * FROM networks WHERE id = ?')
  const list = database.prepare('SELECT * FROM networks')
  const count = database.prepare('SELECT count(*) AS count FROM networks')
  const due = database.prepare('SELECT id FROM networks WHERE next_visit_at <= ? ORDER BY next_visit_at LIMIT ?')
  const nextDue = database.prepare('SELECT min(next_visit_at) AS at FROM networks')
  const hasten = database.prepare('UPDATE networks SET next_visit_at = ?1 WHERE visited_at > ?1')
  const edit = database.prepare('UPDATE networks SET name = ?, description = ?, open = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM networks WHERE id = ?')
  const succeeded = database.prepare(
    `UPDATE networks SET failures = 0, visited_at = ?1, seen_at = ?1, next_visit_at = ?2, summary = ?3, places = ?4
     WHERE id = ?5`,
  )
  const failed = database.prepare('UPDATE networks SET failures = ?, visited_at = ?, next_visit_at = ? WHERE id = ?')

  return {
    add({ id, kind, name, description, sealedToken, open, keyHash, addedAtUnixMs, places }) {
      const told = JSON.stringify(places)
      const { changes } = add.run(
        ...[id, kind, name, description],
        ...[sealedToken, Number(open), keyHash ?? null, addedAtUnixMs, told],
      )
      return changes === 1
    },
    find(id) {
      const row = find.get(id)
      return row === undefined ? undefined : toNetwork(row)
    },
    secretsOf(id) {
      const row = find.get(id)
      if (row === undefined) return undefined
      const keyHash = row['key_hash'] instanceof Uint8Array ? row['key_hash'] : undefined
      return {
        sealedToken: row['sealed_token'] as Uint8Array,
        keyHash,
        places: JSON.parse(String(row['places'])) as string[],
      }
    },
    list: () => list.all().map(toNetwork),
    count: () => Number(count.get()?.['count']),
    due: (unixMs, limit) => due.all(unixMs, limit).map((row) => String(row['id'])),
    nextDueAt: () => numberIn(nextDue.get()?.['at']),
    hasten: (unixMs) => void hasten.run(unixMs),
    edit: (id, { name, description, open }) => void edit.run(name, description, Number(open), id),
    remove: (id) => void remove.run(id),
    succeeded(id, { atUnixMs, nextAtUnixMs, summary }) {
      const { places, ...rest } = summary
      succeeded.run(atUnixMs, nextAtUnixMs, JSON.stringify(rest), JSON.stringify(places), id)
    },
    failed: (id, { atUnixMs, nextAtUnixMs, failures }) => void failed.run(failures, atUnixMs, nextAtUnixMs, id),
  }
}

/** Only this program writes the file, so its own shapes are in it. */
function toNetwork(row: Readonly<Record<string, SQLOutputValue>>): ListedNetwork {
  const summary = row['summary']
  return {
    id: String(row['id']),
    kind: row['kind'] as TokenKind,
    name: String(row['name']),
    description: String(row['description']),
    open: row['open'] === 1,
    addedAtUnixMs: Number(row['added_at']),
    failures: Number(row['failures']),
    nextVisitAtUnixMs: Number(row['next_visit_at']),
    visitedAtUnixMs: numberIn(row['visited_at']),
    seenAtUnixMs: numberIn(row['seen_at']),
    summary: typeof summary === 'string' ? (JSON.parse(summary) as StoredSummary) : undefined,
  }
}

function numberIn(value: SQLOutputValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
