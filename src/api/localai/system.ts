import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { ModelLoader } from '../../backends/model-lease.ts'
import type { NodeState } from './node-state.ts'

export interface SystemDeps {
  readonly loader: Pick<ModelLoader, 'loaded'>
  readonly state: Pick<NodeState, 'backends' | 'engine'>
}

const LoadedModel = Type.Object({
  id: Type.String(),
  backend: Type.String(),
  state: Type.Enum(['starting', 'ready', 'stopping', 'failed']),
  in_flight: Type.Integer(),
  pid: Type.Optional(Type.Integer()),
})
const schema = {
  tags: ['system'],
  summary: 'Backends, loaded models and the engine',
  response: {
    200: Type.Object({
      backends: Type.Array(Type.String()),
      loaded_models: Type.Array(LoadedModel),
      engine: Type.Union([Type.Object({ name: Type.String(), reason: Type.String() }), Type.Null()]),
    }),
  },
}

export const system: FastifyPluginAsync<SystemDeps> = async (app, { loader, state }) => {
  app.get('/system', { schema }, async () => ({
    backends: [...new Set(state.backends())],
    loaded_models: loader.loaded().map(({ id, backend, phase, inFlight, pid }) => ({
      // Whose vector stores there are, and under which names, is not for everybody.
      id: id.startsWith('store:') ? 'store' : id,
      backend,
      state: phase,
      in_flight: inFlight,
      ...(pid === undefined ? {} : { pid }),
    })),
    engine: state.engine() ?? null,
  }))
}
