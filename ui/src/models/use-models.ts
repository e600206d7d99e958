import { computed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf, signInWanted } from '../api.ts'
import { hasFeature } from '../features.ts'
import { connection, nodes } from '../live.ts'
import type { NamedModel } from './named-model.ts'

export interface Models {
  readonly models: readonly NamedModel[]
  readonly error: string | undefined
  readonly loading: boolean
}

type Capable = { readonly capabilities: readonly string[] }

const isReachable = computed(() => connection.value !== 'lost' && !signInWanted.value)
/** Changes when some node has other models than before. */
const holdings = computed(() =>
  [...nodes.value.values()].map(({ id, models }) => `${id} ${models.map(({ name }) => name).join(' ')}`).join('\n'),
)

/** The models of the network, with what they are for. Asked again when nodes tell of others, and when this one is back. */
export function useModels(): Models {
  const state = useSignal<Models>({ models: [], error: undefined, loading: true })
  const runsModels = hasFeature('load')
  const reachable = isReachable.value
  const held = holdings.value
  useEffect(() => {
    // What was known stays until there is somebody to ask.
    if (!reachable && state.peek().models.length > 0) return
    const leaving = new AbortController()
    read(runsModels, leaving.signal).then(
      (models) => {
        if (!leaving.signal.aborted) state.value = { models, error: undefined, loading: false }
      },
      (thrown: unknown) => {
        if (!leaving.signal.aborted) state.value = { ...state.peek(), error: messageOf(thrown), loading: false }
      },
    )
    return () => leaving.abort()
  }, [runsModels, reachable, held, state])
  return state.value
}

async function read(runsModels: boolean, signal: AbortSignal): Promise<readonly NamedModel[]> {
  const [listed, network, own] = await Promise.all([
    api<{ readonly data: readonly NamedModel[] }>('/v1/models', { signal }),
    api<{ readonly nodes: readonly { readonly models: readonly (Capable & { readonly name: string })[] }[] }>(
      '/api/p2p/federation',
      { signal },
    ),
    runsModels
      ? api<{ readonly data: readonly (Capable & { readonly id: string })[] }>('/api/models/capabilities', { signal })
      : { data: [] },
  ])
  const known = new Map(network.nodes.flatMap(({ models }) => models.map((model) => [model.name, model.capabilities])))
  for (const { id, capabilities } of own.data) known.set(id, capabilities)
  return listed.data.map((model) => {
    const capabilities = known.get(model.id)
    return capabilities === undefined ? model : { ...model, capabilities }
  })
}
