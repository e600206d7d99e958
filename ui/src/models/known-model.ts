import type { NamedModel } from './named-model.ts'

/** `/system`. */
export interface LoadedModel {
  readonly id: string
  readonly backend: string
  readonly state: 'starting' | 'ready' | 'stopping' | 'failed'
  readonly in_flight: number
}

/** `/api/p2p/federation`, as far as it is about models. */
export interface ServingNode {
  readonly name: string
  readonly id: string
  readonly isOnline: boolean
  readonly state: string
  readonly draining: boolean
  readonly models: readonly {
    readonly name: string
    readonly loaded: boolean
    readonly capabilities: readonly string[]
    readonly contextSize?: number
    readonly fileSizeBytes?: number
    readonly promptTokensPerSecond?: number
    readonly generationTokensPerSecond?: number
  }[]
}

/** One model: who has it, and how it is here. */
export interface KnownModel {
  readonly id: string
  readonly description: string
  /** It is configured on this node. */
  readonly isHere: boolean
  /** What of this node's models folder it is made of; undefined: nothing that could be edited or deleted. */
  readonly source: 'configuration' | 'file' | undefined
  readonly capabilities: readonly string[]
  readonly loaded: LoadedModel | undefined
  readonly holders: readonly Holder[]
  readonly fileSizeBytes: number | undefined
}

interface Holder {
  readonly node: string
  readonly isSelf: boolean
  readonly isOnline: boolean
  readonly loaded: boolean
  readonly contextSize: number | undefined
  readonly tokensPerSecond: number | undefined
}

export interface ModelSources {
  readonly listed: readonly NamedModel[]
  readonly capabilities: readonly {
    readonly id: string
    readonly capabilities: readonly string[]
    readonly source?: 'configuration' | 'file'
  }[]
  readonly loaded: readonly LoadedModel[]
  readonly nodes: readonly ServingNode[]
}

/** What the routes say, put together by model. */
export function toKnownModels({ listed, capabilities, loaded, nodes }: ModelSources): readonly KnownModel[] {
  return listed.map(({ id, description = '' }) => {
    const own = capabilities.find((model) => model.id === id)
    const holders = nodes.flatMap((node) => holdersOf(node, id))
    const held = nodes.flatMap(({ models }) => models.filter(({ name }) => name === id))
    return {
      id,
      description,
      isHere: own !== undefined,
      source: own?.source,
      capabilities: own?.capabilities ?? held[0]?.capabilities ?? [],
      loaded: loaded.find((model) => model.id === id),
      holders,
      fileSizeBytes: held.find(({ fileSizeBytes }) => fileSizeBytes !== undefined)?.fileSizeBytes,
    }
  })
}

function holdersOf(node: ServingNode, id: string): readonly Holder[] {
  const model = node.models.find(({ name }) => name === id)
  if (model === undefined) return []
  const { loaded, contextSize, generationTokensPerSecond } = model
  const isSelf = node.state === 'self'
  return [
    {
      node: node.name,
      isSelf,
      isOnline: node.isOnline,
      loaded,
      contextSize,
      tokensPerSecond: generationTokensPerSecond,
    },
  ]
}

/** How many nodes have it in memory now. */
export function loadedCount({ loaded, holders }: KnownModel): number {
  const others = holders.filter((holder) => holder.loaded && holder.isOnline && !holder.isSelf).length
  return others + (loaded?.state === 'ready' ? 1 : 0)
}
