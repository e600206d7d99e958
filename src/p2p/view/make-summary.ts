import { createHmac } from 'node:crypto'
import { hostOf, scopeOf } from '../host/host-addresses.ts'
import type { ModelAdvert, NodeRecord } from '../membership/node-record.ts'
import { withoutUnprintable } from '../membership/record-schema.ts'
import type { PeerView } from '../network.ts'
import { type PublicModel, type PublicNode, type PublicSummary, SUMMARY_BOUNDS } from './public-summary.ts'

/** A member as the one that makes the summary knows it. */
export type SummarizedNode = Pick<PeerView, 'load' | 'state'> & {
  readonly record: Pick<NodeRecord, 'peerId' | 'addresses' | 'offer'>
}

export interface SummaryInit {
  readonly name: string
  /** Keeps the ids of nodes from being looked up elsewhere; the same for all members. */
  readonly secret: Uint8Array
  readonly nowUnixMs: number
}

/** What the public may know of these nodes, within the bounds: of too many the ones at the end are only counted. Pure. */
export function makeSummary(nodes: readonly SummarizedNode[], init: SummaryInit): PublicSummary {
  const all = nodes.map((node) => toPublicNode(node, init.secret)).sort((a, b) => (a.id < b.id ? -1 : 1))
  const models = countModels(nodes.filter(({ state }) => state === 'linked'))
  const places = nodes
    .filter(({ state, record }) => state === 'linked' && record.offer.viewable === true)
    .flatMap(({ record }) => placesOf(record))
  const summary = {
    version: 1,
    madeAtUnixMs: init.nowUnixMs,
    name: fit(init.name, SUMMARY_BOUNDS.nameLength),
    nodes: all.slice(0, SUMMARY_BOUNDS.nodes),
    models: models.slice(0, SUMMARY_BOUNDS.models),
    nodesLeftOut: Math.max(0, all.length - SUMMARY_BOUNDS.nodes),
    modelsLeftOut: Math.max(0, models.length - SUMMARY_BOUNDS.models),
    places: places.slice(0, SUMMARY_BOUNDS.places),
  } as const
  return withinBytes(summary)
}

function withinBytes(summary: PublicSummary): PublicSummary {
  let fitting = summary
  while (Buffer.byteLength(JSON.stringify(fitting)) > SUMMARY_BOUNDS.bytes) {
    const { models, nodes } = fitting
    const [keptModels, keptNodes] = models.length > 0 ? [shortened(models), nodes] : [models, shortened(nodes)]
    fitting = {
      ...fitting,
      models: keptModels,
      nodes: keptNodes,
      modelsLeftOut: fitting.modelsLeftOut + models.length - keptModels.length,
      nodesLeftOut: fitting.nodesLeftOut + nodes.length - keptNodes.length,
    }
  }
  return fitting
}

function shortened<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, -Math.ceil(list.length / 8))
}

function toPublicNode({ record: { peerId, offer }, load, state }: SummarizedNode, secret: Uint8Array): PublicNode {
  return {
    id: createHmac('sha256', secret).update('node\0').update(peerId).digest('hex').slice(0, 16),
    group: fit(offer.group, SUMMARY_BOUNDS.nameLength),
    serves: offer.serves,
    lends: offer.lends !== undefined,
    online: state === 'linked',
    draining: offer.draining,
    version: fit(offer.version, SUMMARY_BOUNDS.wordLength),
    models: offer.models.length,
    // A heartbeat has room for more than a summary.
    running: Math.min(load.running, SUMMARY_BOUNDS.count),
    slots: offer.slots,
    memoryTotalBytes: offer.memoryTotalBytes,
  }
}

/** The most common first. Models of nodes that do not serve are nobody's business. */
function countModels(nodes: readonly SummarizedNode[]): PublicModel[] {
  const byName = new Map<string, PublicModel>()
  for (const model of nodes.flatMap(({ record: { offer } }) => (offer.serves ? offer.models : []))) {
    const name = fit(model.name, SUMMARY_BOUNDS.nameLength)
    const before = byName.get(name) ?? { name, capabilities: fitCapabilities(model), nodes: 0, loaded: 0 }
    byName.set(name, { ...before, nodes: before.nodes + 1, loaded: before.loaded + Number(model.loaded) })
  }
  return [...byName.values()].sort((a, b) => b.nodes - a.nodes || (a.name < b.name ? -1 : 1))
}

function fitCapabilities({ capabilities }: ModelAdvert): readonly string[] {
  return capabilities.slice(0, SUMMARY_BOUNDS.capabilities).map((word) => fit(word, SUMMARY_BOUNDS.wordLength))
}

/** Viewers come from elsewhere, and cannot use members as relays. Loopback only when there is nothing else. */
function placesOf({ peerId, addresses }: SummarizedNode['record']): string[] {
  const direct = addresses.filter((address) => !address.includes('/p2p-circuit') && hostOf(address) !== '')
  const outward = direct.filter((address) => scopeOf(address) !== 'machine')
  return (outward.length > 0 ? outward : direct)
    .map((address) => (address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`))
    .filter((address) => address.length <= SUMMARY_BOUNDS.addressLength && /^\/[\x21-\x7e]+$/.test(address))
    .slice(0, 3)
}

function fit(text: string, maxLength: number): string {
  return withoutUnprintable(text)
    .replaceAll(/[\u200e\u200f]/g, ' ')
    .slice(0, maxLength)
    .replace(/[\ud800-\udbff]$/, '')
}
