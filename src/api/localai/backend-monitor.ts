import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import { clientGone } from '../client-gone.ts'

export interface BackendMonitorDeps {
  readonly loader: Pick<ModelLoader, 'acquire' | 'loaded' | 'unload'>
  readonly registry: Pick<ModelRegistry, 'find'>
}

const ModelName = Type.Object({ model: Type.String({ minLength: 1, maxLength: 512 }) })

/** As the backend protocol numbers them. */
const STATES = { UNINITIALIZED: 0, BUSY: 1, READY: 2, ERROR: -1 } as const

export const backendMonitor: FastifyPluginAsyncTypebox<BackendMonitorDeps> = async (app, { loader, registry }) => {
  for (const url of ['/backend/monitor', '/v1/backend/monitor']) {
    app.get(url, { schema: { querystring: ModelName } }, async (request, reply) => {
      const config = registry.find(request.query.model)
      const running = loader.loaded().some(({ id, phase }) => id === config?.name && phase === 'ready')
      if (config === undefined || !running) throw notLoaded(request.query.model)
      const signal = clientGone(reply)
      using lease = await loader.acquire(config, { signal })
      const { state, memory } = await lease.client.status({ signal })
      return {
        state: STATES[state],
        memory: { total: memory?.total ?? 0, breakdown: memory?.breakdown ?? {} },
      }
    })
  }

  for (const url of ['/backend/shutdown', '/v1/backend/shutdown']) {
    app.post(url, { schema: { body: ModelName } }, async (request, reply) => {
      const name = registry.find(request.body.model)?.name ?? request.body.model
      if (!(await loader.unload(name, { signal: clientGone(reply) }))) throw notLoaded(request.body.model)
      return { message: 'model stopped' }
    })
  }
}

function notLoaded(model: string): AppError {
  return new AppError('request.not-found', `model "${model}" is not loaded`)
}
