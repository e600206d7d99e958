import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf } from '../api.ts'
import { hasFeature } from '../features.ts'
import { usePolled } from '../use-polled.ts'
import { type KnownModel, type ModelSources, toKnownModels } from './known-model.ts'

const EVERY_MS = 3000

/** All models of the network, as of a few seconds ago at most. */
export function useKnownModels() {
  const models = useSignal<readonly KnownModel[]>([])
  const error = useSignal<string | undefined>(undefined)
  const loading = useSignal(true)
  const runsModels = hasFeature('load')

  async function look(): Promise<void> {
    try {
      models.value = toKnownModels(await readSources(runsModels))
      error.value = undefined
    } catch (thrown) {
      error.value = messageOf(thrown)
    }
    loading.value = false
  }

  useEffect(() => {
    void look()
  }, [runsModels])
  usePolled(() => void look(), EVERY_MS)
  return { models: models.value, error: error.value, loading: loading.value, reload: () => void look() }
}

/** An entry has no models of its own to ask about. */
async function readSources(runsModels: boolean): Promise<ModelSources> {
  const [{ data }, nodes, capabilities, loaded] = await Promise.all([
    api<{ readonly data: ModelSources['listed'] }>('/v1/models'),
    api<{ readonly nodes: ModelSources['nodes'] }>('/api/p2p/federation').then((answer) => answer.nodes),
    runsModels
      ? api<{ readonly data: ModelSources['capabilities'] }>('/api/models/capabilities').then((answer) => answer.data)
      : [],
    runsModels
      ? api<{ readonly loaded_models: ModelSources['loaded'] }>('/system').then((answer) => answer.loaded_models)
      : [],
  ])
  return { listed: data, nodes, capabilities, loaded }
}
