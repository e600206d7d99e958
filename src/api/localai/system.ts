import type { FastifyPluginAsync } from 'fastify'
import type { ModelLoader } from '../../backends/model-lease.ts'
import type { NodeState } from './node-state.ts'

export interface SystemDeps {
  readonly loader: Pick<ModelLoader, 'loaded'>
  readonly state: Pick<NodeState, 'backends' | 'engine'>
}

export const system: FastifyPluginAsync<SystemDeps> = async (app, { loader, state }) => {
  app.get('/system', async () => ({
    backends: [...new Set(state.backends())],
    loaded_models: loader.loaded().map(({ id, backend, phase, inFlight, pid }) => ({
      id,
      backend,
      state: phase,
      in_flight: inFlight,
      ...(pid === undefined ? {} : { pid }),
    })),
    engine: state.engine() ?? null,
  }))
}
