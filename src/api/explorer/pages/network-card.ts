import type { Cluster } from '../../../explorer/listed-network.ts'
import type { PublicNetwork } from '../../../explorer/search-networks.ts'
import { type Html, html } from './html.ts'
import { ago, count, percent } from './words.ts'

export interface CardInit {
  readonly base: string
  readonly nowUnixMs: number
}

const MODELS_NAMED = 4
const CLUSTERS_SHOWN = 6

export function networkCard(network: PublicNetwork, { base, nowUnixMs }: CardInit): Html {
  const { id, name, description, figures, clusters, uptime, seenAtUnixMs } = network
  const models = network.summary?.models ?? []
  const more = figures.models - Math.min(MODELS_NAMED, models.length)
  return html`<article class="card">
<h3><a href="${base}network/${id}">${name}</a></h3>
<p class="badges">${stateBadge(network)}${kindBadge(network)}</p>
<p class="description">${description}</p>
<dl class="figures">
<div><dt>Nodes</dt><dd>${figures.nodes}</dd></div>
<div><dt>Workers</dt><dd>${figures.workers}</dd></div>
<div><dt>Models</dt><dd>${figures.models}</dd></div>
<div><dt>Uptime</dt><dd>${percent(uptime)}</dd></div>
</dl>
${models.length > 0 && html`<p class="models">${models.slice(0, MODELS_NAMED).map((model) => html`<code>${model.name}</code> `)}${more > 0 && html`<span>and ${more.toLocaleString('en')} more</span>`}</p>`}
<ul class="clusters" aria-label="Clusters">${clusters.slice(0, CLUSTERS_SHOWN).map(clusterItem)}</ul>
<p class="seen">Seen ${ago(seenAtUnixMs, nowUnixMs)}</p>
</article>`
}

export function clusterItem({ Type, NetworkID, Workers }: Cluster): Html {
  return html`<li><span class="badge">Type: ${Type}</span>${NetworkID !== '' && html` <span class="badge">ID: ${NetworkID}</span>`} <span class="badge">${count(Workers.length, 'worker')}</span></li>`
}

export function stateBadge({ failures, seenAtUnixMs }: PublicNetwork): Html {
  if (seenAtUnixMs === undefined) return html`<span class="badge waiting">not seen yet</span>`
  if (failures > 0) return html`<span class="badge failing">not found at the last ${count(failures, 'visit')}</span>`
  return html`<span class="badge online">online</span>`
}

export function kindBadge({ kind, open }: PublicNetwork): Html {
  if (open) return html`<span class="badge open">anybody may join</span>`
  if (kind === 'full') return html`<span class="badge">token not shown</span>`
  return html`<span class="badge">listed with a view token</span>`
}
