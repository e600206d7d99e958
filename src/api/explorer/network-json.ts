import type { HistoryPoint } from '../../explorer/history.ts'
import type { PublicNetwork } from '../../explorer/search-networks.ts'

/** In place of a token that its owner did not open. */
const MASKED = '********'

/** LocalAI's fields in LocalAI's spelling, and ours behind them. */
export function toNetworkJson(network: PublicNetwork, openToken: string | undefined) {
  const { name, description, clusters, failures, figures, summary, uptime } = network
  return {
    name,
    description,
    Clusters: clusters,
    Failures: failures,
    token: openToken ?? MASKED,
    id: network.id,
    kind: network.kind,
    open: network.open,
    ownName: summary?.name ?? '',
    ...figures,
    uptime: uptime ?? null,
    addedAt: toTime(network.addedAtUnixMs),
    visitedAt: toTime(network.visitedAtUnixMs),
    seenAt: toTime(network.seenAtUnixMs),
  }
}

/** With all that is known of it. */
export function toNetworkPageJson(
  network: PublicNetwork,
  { openToken, history }: { readonly openToken: string | undefined; readonly history: readonly HistoryPoint[] },
) {
  return {
    ...toNetworkJson(network, openToken),
    nodeList: network.summary?.nodes ?? [],
    modelList: network.summary?.models ?? [],
    history: history.map(({ atUnixMs, uptime, figures }) => ({
      at: toTime(atUnixMs),
      uptime: uptime ?? null,
      nodes: figures?.nodes ?? null,
      workers: figures?.workers ?? null,
      models: figures?.models ?? null,
    })),
  }
}

export function toTime(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString()
}
