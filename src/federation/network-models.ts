import type { PeerView } from '../p2p/network.ts'
import { mayBeAsked } from './candidates.ts'
import type { NetworkModel } from './routed-request.ts'

interface Growing {
  created: number
  description: string | undefined
  readonly capabilities: Set<string>
  readonly nodes: Set<string>
}

/** The models of all peers that may be asked now, by name. A model that several have is as old as the oldest. Pure. */
export function listNetworkModels(peers: readonly PeerView[], group: string): readonly NetworkModel[] {
  const models = new Map<string, Growing>()
  for (const peer of peers) {
    if (!mayBeAsked(peer, group)) continue
    for (const { name, created = 0, description, capabilities } of peer.record.offer.models) {
      const model = models.get(name) ?? {
        created: 0,
        description: undefined,
        capabilities: new Set(),
        nodes: new Set(),
      }
      models.set(name, model)
      model.created = olderOf(model.created, created)
      model.description ??= description
      for (const capability of capabilities) model.capabilities.add(capability)
      model.nodes.add(peer.record.name)
    }
  }
  return [...models.entries()]
    .sort(([left], [right]) => byCodeUnits(left, right))
    .map(([name, { created, description, capabilities, nodes }]) => ({
      name,
      created,
      ...(description === undefined ? {} : { description }),
      capabilities: [...capabilities].sort(byCodeUnits),
      nodes: [...nodes].sort(byCodeUnits),
    }))
}

/** 0: unknown. */
function olderOf(left: number, right: number): number {
  if (left === 0 || right === 0) return left + right
  return Math.min(left, right)
}

/** The same on every machine, whatever its language. */
export function byCodeUnits(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
