import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { api, messageOf } from '../api.ts'
import { hasFeature } from '../features.ts'
import { usePolled } from '../use-polled.ts'
import { type KnownModel, type ModelSources, toKnownModels } from './known-model.ts'

const EVERY_MS = 3000
/** Which models there are changes less often than how they are. */
const LIST_EVERY_MS = 12_000

/** All models of the network, as of a few seconds ago at most. */
export function useKnownModels() {
  const models = useSignal<readonly KnownModel[]>([])
  const error = useSignal<string | undefined>(undefined)
  const loading = useSignal(true)
  const runsModels = hasFeature('load')
  const looks = useRef(0)
  const list = useRef<{ readonly at: number; readonly data: ModelSources['listed'] }>(undefined)

  async function look({ all = false } = {}): Promise<void> {
    const now = performance.now()
    looks.current += 1
    const own = looks.current
    try {
      if (all || list.current === undefined || now - list.current.at > LIST_EVERY_MS) {
        const { data } = await api<{ readonly data: ModelSources['listed'] }>('/v1/models')
        list.current = { at: now, data }
      }
      const states = await readStates(runsModels)
      // A later look knows more, whichever is answered first.
      if (own !== looks.current) return
      models.value = toKnownModels({ listed: list.current.data, ...states })
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
  return { models: models.value, error: error.value, loading: loading.value, reload: () => void look({ all: true }) }
}

/** An entry has no models of its own to ask about. */
async function readStates(runsModels: boolean): Promise<Omit<ModelSources, 'listed'>> {
  const [nodes, capabilities, loaded] = await Promise.all([
    api<{ readonly nodes: ModelSources['nodes'] }>('/api/p2p/federation').then((answer) => answer.nodes),
    runsModels
      ? api<{ readonly data: ModelSources['capabilities'] }>('/api/models/capabilities').then((answer) => answer.data)
      : [],
    runsModels
      ? api<{ readonly loaded_models: ModelSources['loaded'] }>('/system').then((answer) => answer.loaded_models)
      : [],
  ])
  return { nodes, capabilities, loaded }
}
