import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf } from '../api.ts'
import { hasFeature } from '../features.ts'
import type { NamedModel } from './named-model.ts'

interface Models {
  readonly models: readonly NamedModel[]
  readonly error: string | undefined
  readonly loading: boolean
}

type Capable = { readonly capabilities: readonly string[] }

/** The models of the network, with what they are for. */
export function useModels(): Models {
  const state = useSignal<Models>({ models: [], error: undefined, loading: true })
  const runsModels = hasFeature('load')
  useEffect(() => {
    const leaving = new AbortController()
    read(runsModels, leaving.signal).then(
      (models) => {
        state.value = { models, error: undefined, loading: false }
      },
      (thrown: unknown) => {
        if (!leaving.signal.aborted) state.value = { models: [], error: messageOf(thrown), loading: false }
      },
    )
    return () => leaving.abort()
  }, [runsModels, state])
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

/** The first model that is for this; else the first of which nothing is known, or of all. */
export function firstFor(capability: string, models: readonly NamedModel[]): string {
  const fitting =
    models.find(({ capabilities = [] }) => capabilities.includes(capability)) ??
    models.find(({ capabilities }) => capabilities === undefined) ??
    models[0]
  return fitting?.id ?? ''
}
