import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { checkAddition, checkChange } from './check-addition.ts'
import { type HistoryPoint, type HistoryRange, SERIES, toPoints, uptimeOf } from './history.ts'
import type { HistoryStore } from './history-store.ts'
import { type ListedNetwork, type ReadToken, type TokenKind, toClusters, toFigures } from './listed-network.ts'
import type { NetworkStore } from './network-store.ts'
import { type FoundNetworks, type NetworkQuery, type PublicNetwork, searchNetworks } from './search-networks.ts'
import type { TokenVault } from './token-vault.ts'

/** Said once, to the one who added the network. */
export interface AddedNetwork {
  readonly id: string
  readonly kind: TokenKind
  /** Edits and removes the entry. Kept as a hash only. */
  readonly key: string
}

/** What people do with the explorer. */
export interface Directory {
  /** Throws `request.invalid`, `request.conflict`, `node.overloaded`. */
  add(body: unknown): AddedNetwork
  /** Throws `request.not-found`, `request.unauthorized`, `request.forbidden`, `request.invalid`. */
  edit(id: string, key: string | undefined, body: unknown): PublicNetwork
  /** Throws as `edit` does. */
  remove(id: string, key: string | undefined): void
  search(query: NetworkQuery): FoundNetworks
  find(id: string): PublicNetwork | undefined
  /** Oldest first. */
  history(id: string, range: HistoryRange): readonly HistoryPoint[]
  /** Of a network whose adder wants everybody to have it. */
  openToken(id: string): string | undefined
  counts(): { readonly listed: number; readonly shown: number; readonly failing: number }
}

export interface DirectoryDeps {
  readonly store: NetworkStore
  readonly histories: HistoryStore
  readonly vault: TokenVault
  readonly readToken: ReadToken
  /** A member's address as a multiaddress. Throws for what the explorer would not dial. */
  readonly toAddress: (text: string) => string
  readonly onAdded: () => void
  /** Unix milliseconds. */
  readonly now: () => number
}

const MAX_NETWORKS = 5000
const KEY_PREFIX = 'lae-'
const KEY_BYTES = 32
/** The list is asked for by every open page, every few seconds. */
const FRESH_MS = 1000

export function createDirectory(deps: DirectoryDeps): Directory {
  const { store, vault, now } = deps
  let known: { readonly atUnixMs: number; readonly networks: readonly PublicNetwork[] } | undefined

  function all(): readonly PublicNetwork[] {
    const age = now() - (known?.atUnixMs ?? 0)
    if (known !== undefined && age >= 0 && age < FRESH_MS) return known.networks
    const counts = deps.histories.counts(now())
    const networks = store.list().map((network) => toPublic(network, counts.get(network.id)))
    known = { atUnixMs: now(), networks }
    return networks
  }
  function find(id: string): PublicNetwork | undefined {
    const network = store.find(id)
    return network === undefined ? undefined : toPublic(network, deps.histories.countsOf(id, now()))
  }
  /** The network, for whoever has its key. */
  function authorize(id: string, key: string | undefined): ListedNetwork {
    const network = store.find(id)
    const secrets = store.secretsOf(id)
    if (network === undefined || secrets === undefined) {
      throw new AppError('request.not-found', 'There is no such network')
    }
    if (key === undefined) throw new AppError('request.unauthorized', 'The key of this entry is required')
    const isRight = secrets.keyHash !== undefined && timingSafeEqual(secrets.keyHash, hashOf(key))
    if (!isRight) throw new AppError('request.forbidden', 'That is not the key of this entry')
    return network
  }

  return {
    add(body) {
      const { token, name, description, open, addresses } = checkAddition(body, deps)
      if (store.find(token.id) !== undefined) throw exists()
      if (store.count() >= MAX_NETWORKS) {
        throw new AppError('node.overloaded', 'This explorer lists as many networks as it can')
      }
      const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
      const added = store.add({
        ...{ id: token.id, kind: token.kind, name, description, open, places: addresses, addedAtUnixMs: now() },
        ...{ sealedToken: vault.seal(token.id, token.text), keyHash: hashOf(key) },
      })
      if (!added) throw exists()
      known = undefined
      deps.onAdded()
      return { id: token.id, kind: token.kind, key }
    },
    edit(id, key, body) {
      const network = authorize(id, key)
      const change = checkChange(body)
      if (change.open === true && network.kind === 'view') {
        throw new AppError('request.invalid', 'A view token opens nothing: leave out open')
      }
      const edited = { ...network, ...change }
      store.edit(id, edited)
      known = undefined
      return find(id) ?? toPublic(edited, undefined)
    },
    remove(id, key) {
      authorize(id, key)
      store.remove(id)
      known = undefined
    },
    search: (query) => searchNetworks(all(), query),
    find,
    history(id, range) {
      const network = store.find(id)
      if (network === undefined) return []
      const span = { sinceUnixMs: network.addedAtUnixMs, nowUnixMs: now() }
      return toPoints(deps.histories.of(id, range), SERIES[range], span)
    },
    openToken(id) {
      const sealed = store.find(id)?.open === true ? store.secretsOf(id)?.sealedToken : undefined
      return sealed === undefined ? undefined : vault.open(id, sealed)
    },
    counts() {
      const networks = all()
      return {
        listed: networks.length,
        shown: networks.filter(({ clusters }) => clusters.length > 0).length,
        failing: networks.filter(({ failures }) => failures > 0).length,
      }
    },
  }
}

function toPublic(network: ListedNetwork, counts: Parameters<typeof uptimeOf>[0][number] | undefined): PublicNetwork {
  const { summary } = network
  return {
    ...network,
    clusters: summary === undefined ? [] : toClusters(summary),
    figures: summary === undefined ? { nodes: 0, workers: 0, models: 0 } : toFigures(summary),
    uptime: counts === undefined ? undefined : uptimeOf([counts]),
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function exists(): AppError {
  return new AppError('request.conflict', 'Token already exists')
}
