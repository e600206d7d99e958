import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import { clientGone } from '../client-gone.ts'

export interface BackendMonitorDeps {
  readonly loader: Pick<ModelLoader, 'acquire' | 'loaded' | 'unload'>
  readonly registry: Pick<ModelRegistry, 'find'>
}

const ModelName = Type.Object({ model: Type.String({ minLength: 1, maxLength: 512 }) })
const MaybeModelName = Type.Object({ model: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })) })
const Status = Type.Object({
  state: Type.Integer(),
  memory: Type.Object({ total: Type.Number(), breakdown: Type.Record(Type.String(), Type.Number()) }),
})
const Told = Type.Object({ message: Type.String() })
const tags = ['backends']
const config = { access: 'admin' } as const

/** As the backend protocol numbers them. */
const STATES = { UNINITIALIZED: 0, BUSY: 1, READY: 2, ERROR: -1 } as const

/** The processes of loaded models. */
export const backendMonitor: FastifyPluginAsyncTypebox<BackendMonitorDeps> = async (app, { loader, registry }) => {
  for (const url of ['/backend/monitor', '/v1/backend/monitor']) {
    const schema = { tags, summary: 'How a loaded model is', querystring: MaybeModelName, response: { 200: Status } }
    app.get(url, { schema }, async (request, reply) => {
      const model = request.query.model ?? (await modelInBody(request))
      const known = registry.find(model)
      const running = loader.loaded().some(({ id, phase }) => id === known?.name && phase === 'ready')
      if (known === undefined || !running) throw notLoaded(model)
      const signal = clientGone(reply)
      using lease = await loader.acquire(known, { signal, aside: true })
      const { state, memory } = await lease.client.status({ signal })
      return {
        state: STATES[state],
        memory: { total: memory?.total ?? 0, breakdown: memory?.breakdown ?? {} },
      }
    })
  }

  for (const url of ['/backend/shutdown', '/v1/backend/shutdown']) {
    const schema = { tags, summary: 'Unload a model', body: ModelName, response: { 200: Told } }
    app.post(url, { schema, config }, async (request, reply) => {
      const name = registry.find(request.body.model)?.name ?? request.body.model
      if (!(await loader.unload(name, { signal: clientGone(reply) }))) throw notLoaded(request.body.model)
      return { message: 'model stopped' }
    })
  }

  for (const url of ['/backend/load', '/v1/backend/load']) {
    const schema = { tags, summary: 'Load a model', body: ModelName, response: { 200: Told } }
    app.post(url, { schema, config }, async (request, reply) => {
      const known = registry.find(request.body.model)
      if (known === undefined) throw new AppError('request.not-found', `model "${request.body.model}" not found`)
      using _lease = await loader.acquire(known, { signal: clientGone(reply) })
      return { message: 'model loaded' }
    })
  }
}

function notLoaded(model: string): AppError {
  return new AppError('request.not-found', `model "${model}" is not loaded`)
}

const MAX_BODY_BYTES = 4096

/** LocalAI's own clients send a body with this GET, which the framework does not read. */
async function modelInBody({ raw, headers }: FastifyRequest): Promise<string> {
  const bytes = Number(headers['content-length'] ?? 0)
  const missing = new AppError('request.invalid', 'model is required', { details: { param: 'model' } })
  if (!(bytes > 0 && bytes <= MAX_BODY_BYTES)) throw missing
  const chunks: Buffer[] = []
  for await (const chunk of raw as AsyncIterable<Buffer>) chunks.push(chunk)
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (isObject(value) && typeof value['model'] === 'string' && value['model'] !== '') return value['model']
  } catch (error) {
    throw new AppError('request.invalid', 'the request body is not valid JSON', { cause: error })
  }
  throw missing
}
