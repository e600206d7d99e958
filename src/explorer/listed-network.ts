import type { PublicSummary } from '../p2p/view/public-summary.ts'

/**
 * `view`: what was given can only see the network. `full`: it is the network's own token, whose holder is a member.
 */
export type TokenKind = 'view' | 'full'

/** A token that was checked. Only `ReadToken` makes one. */
export interface GivenToken {
  readonly kind: TokenKind
  /** Of the network: the same for its token as for its view token. 32 hex digits. */
  readonly id: string
  /** As it is stored. A secret. */
  readonly text: string
}

/** Throws `token.invalid`. */
export type ReadToken = (text: string) => GivenToken

export type StoredSummary = Omit<PublicSummary, 'places'>

/** A network as the database has it. */
export interface ListedNetwork {
  readonly id: string
  readonly kind: TokenKind
  readonly name: string
  readonly description: string
  /** The adder wants everybody to have the token. Never with a view token. */
  readonly open: boolean
  readonly addedAtUnixMs: number
  /** Visits that failed since the last good one. */
  readonly failures: number
  readonly nextVisitAtUnixMs: number
  readonly visitedAtUnixMs: number | undefined
  /** Of the last good visit. */
  readonly seenAtUnixMs: number | undefined
  /** What the last good visit brought. */
  readonly summary: StoredSummary | undefined
}

/** As LocalAI's explorer tells of a group of nodes. */
export interface Cluster {
  readonly Workers: readonly string[]
  readonly Type: 'worker' | 'federated'
  readonly NetworkID: string
}

/** Nodes that are there, by what they do and for whom. A node that answers and lends is in two of them. */
export function toClusters({ nodes }: Pick<PublicSummary, 'nodes'>): readonly Cluster[] {
  const online = nodes.filter((node) => node.online)
  const groups = [...new Set(online.map(({ group }) => group))].sort()
  const kinds = [
    ['federated', 'serves'],
    ['worker', 'lends'],
  ] as const
  return groups.flatMap((group) =>
    kinds.flatMap(([Type, does]) => {
      const Workers = online.filter((node) => node.group === group && node[does]).map(({ id }) => id)
      return Workers.length === 0 ? [] : [{ Workers, Type, NetworkID: group }]
    }),
  )
}

/** The figures of which a history is kept. */
export interface Figures {
  readonly nodes: number
  readonly workers: number
  readonly models: number
}

export function toFigures({ nodes, models, modelsLeftOut }: StoredSummary): Figures {
  const online = nodes.filter((node) => node.online)
  return {
    nodes: online.length,
    workers: online.filter(({ serves, lends }) => serves || lends).length,
    models: models.length + modelsLeftOut,
  }
}
