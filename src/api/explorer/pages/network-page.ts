import { type HistoryPoint, type HistoryRange, RANGES } from '../../../explorer/history.ts'
import type { PublicNetwork } from '../../../explorer/search-networks.ts'
import { lineChart } from './chart.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'
import { type CardInit, clusterItem, kindBadge, stateBadge } from './network-card.ts'
import { ago, bytes, count, percent } from './words.ts'

export interface NetworkView {
  readonly network: PublicNetwork
  readonly openToken: string | undefined
  readonly range: HistoryRange
  readonly history: readonly HistoryPoint[]
}

const RANGE_WORDS: Readonly<Record<HistoryRange, string>> = { day: 'Day', month: '30 days', year: 'Year' }

export function networkPage(view: NetworkView, init: CardInit): Page {
  const { network, range } = view
  const { base } = init
  const { id, name, description } = network
  return {
    title: name,
    body: html`<p class="back"><a href="${base}">All networks</a></p>
<h1>${name}</h1>
<p class="description whole">${description}</p>
<div data-live="${base}fragments/network/${id}?range=${range}">${networkFragment(view, init)}</div>
${joinPanel(view)}
<details class="panel" data-key="manage">
<summary>Edit or remove this entry</summary>
<form data-manage="${id}" autocomplete="off">
<p>With the key that was shown when the network was added.</p>
<label>Key <input name="key" type="password" required class="mono" autocomplete="off"></label>
<label>Name <input name="name" maxlength="100" value="${name}"></label>
<label>Description <textarea name="description" maxlength="1000" rows="3">${description}</textarea></label>
<p class="actions"><button class="button primary" type="submit" value="edit">Save</button> <button class="button danger" type="submit" value="remove">Remove from the list</button></p>
<div class="result" role="status" data-result></div>
</form>
</details>`,
  }
}

/** The part of the page that changes by itself. */
export function networkFragment({ network, history, range }: NetworkView, { base, nowUnixMs }: CardInit): Html {
  const { figures, clusters, uptime, seenAtUnixMs, visitedAtUnixMs, addedAtUnixMs, summary } = network
  const own = summary?.name ?? ''
  return html`<p class="badges">${stateBadge(network)}${kindBadge(network)}${own !== '' && html`<span class="badge">calls itself ${own}</span>`}</p>
<dl class="figures large">
<div><dt>Nodes</dt><dd>${figures.nodes}</dd></div>
<div><dt>Workers</dt><dd>${figures.workers}</dd></div>
<div><dt>Models</dt><dd>${figures.models}</dd></div>
<div><dt>Uptime, 30 days</dt><dd>${percent(uptime)}</dd></div>
</dl>
<p class="seen">Seen ${ago(seenAtUnixMs, nowUnixMs)} · visited ${ago(visitedAtUnixMs, nowUnixMs)} · listed ${ago(addedAtUnixMs, nowUnixMs)}</p>
${clusters.length > 0 && html`<h2>Clusters</h2><ul class="clusters">${clusters.map(clusterItem)}</ul>`}
<h2>History</h2>
<nav class="ranges" aria-label="How far back">${RANGES.map((one) => html`<a href="${base}network/${network.id}?range=${one}"${one === range && html` aria-current="true"`}>${RANGE_WORDS[one]}</a>`)}</nav>
<div class="charts">${charts(history)}</div>
${modelTable(network)}
${nodeTable(network)}`
}

function charts(history: readonly HistoryPoint[]): readonly Html[] {
  const whole = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))
  const line = (title: string, pick: (point: HistoryPoint) => number | undefined): Html =>
    lineChart({
      title,
      points: history.map((point) => ({ atUnixMs: point.atUnixMs, value: pick(point) })),
      format: whole,
    })
  return [
    line('Nodes', ({ figures }) => figures?.nodes),
    line('Workers', ({ figures }) => figures?.workers),
    line('Models', ({ figures }) => figures?.models),
    lineChart({
      title: 'Uptime',
      points: history.map(({ atUnixMs, uptime }) => ({ atUnixMs, value: uptime })),
      most: 1,
      format: (value) => percent(value),
    }),
  ]
}

function modelTable({ summary }: PublicNetwork): Html | undefined {
  if (summary === undefined || summary.models.length === 0) return undefined
  return html`<h2>Models</h2>
<div class="scroll" role="region" aria-label="Models" tabindex="0"><table>
<thead><tr><th scope="col">Model</th><th scope="col">Does</th><th scope="col" class="number">Nodes</th><th scope="col" class="number">In memory</th></tr></thead>
<tbody>${summary.models.map((model) => html`<tr><th scope="row"><code>${model.name}</code></th><td>${model.capabilities.join(', ')}</td><td class="number">${model.nodes}</td><td class="number">${model.loaded}</td></tr>`)}</tbody>
</table></div>
${summary.modelsLeftOut > 0 && html`<p>and ${count(summary.modelsLeftOut, 'model')} more</p>`}`
}

function nodeTable({ summary }: PublicNetwork): Html | undefined {
  if (summary === undefined || summary.nodes.length === 0) return undefined
  return html`<h2>Nodes</h2>
<div class="scroll" role="region" aria-label="Nodes" tabindex="0"><table>
<thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Does</th><th scope="col">Version</th><th scope="col" class="number">Models</th><th scope="col" class="number">Busy</th><th scope="col" class="number">Memory</th></tr></thead>
<tbody>${summary.nodes.map(
    (node) => html`<tr><th scope="row"><code>${node.id}</code></th>
<td>${stateOf(node)}</td><td>${rolesOf(node)}</td><td>${node.version}</td><td class="number">${node.models}</td><td class="number">${node.slots === 0 ? '–' : `${node.running}/${node.slots}`}</td><td class="number">${node.memoryTotalBytes === 0 ? '–' : bytes(node.memoryTotalBytes)}</td></tr>`,
  )}</tbody>
</table></div>
${summary.nodesLeftOut > 0 && html`<p>and ${count(summary.nodesLeftOut, 'node')} more</p>`}`
}

type Node = NonNullable<PublicNetwork['summary']>['nodes'][number]

function stateOf({ online, draining }: Node): Html {
  if (!online) return html`<span class="badge failing">silent</span>`
  return draining ? html`<span class="badge waiting">leaving</span>` : html`<span class="badge online">online</span>`
}

function rolesOf({ serves, lends, group }: Node): string {
  const roles = [serves && 'answers', lends && 'lends memory'].filter((role) => role !== false)
  const does = roles.length === 0 ? 'asks only' : roles.join(', ')
  return group === '' ? does : `${does} (${group})`
}

function joinPanel({ openToken }: NetworkView): Html | undefined {
  if (openToken === undefined) return undefined
  return html`<details class="panel" data-key="join">
<summary>Join this network</summary>
<p>Its people let everybody join. Members see what is asked of their machines.</p>
<label for="token">Token</label>
<div class="copyable"><textarea id="token" readonly rows="3" class="mono">${openToken}</textarea><button class="button" type="button" data-copy="token">Copy</button></div>
<p>Save it as <code>token.txt</code>, then:</p>
<div class="copyable"><textarea id="entry" readonly rows="1" class="mono" aria-label="Command for an entry">local-ai federated --p2p-token-file token.txt</textarea><button class="button" type="button" data-copy="entry">Copy</button></div>
<div class="copyable"><textarea id="member" readonly rows="1" class="mono" aria-label="Command for a node that helps">local-ai run --p2p --federated --p2p-token-file token.txt</textarea><button class="button" type="button" data-copy="member">Copy</button></div>
</details>`
}
