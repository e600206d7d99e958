import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Stores } from '../../inference/stores/stores.ts'
import type { VectorStore } from '../../inference/stores/vector-store.ts'
import type { Calls } from '../calls.ts'
import { maybe } from '../media/request-fields.ts'

export interface StoresDeps {
  readonly stores: Stores
  readonly calls: Calls
}

const MAX_ENTRIES = 100_000
const MAX_DIMENSIONS = 65_536
const DEFAULT_STORE = 'default'

const Vector = Type.Array(Type.Number(), { maxItems: MAX_DIMENSIONS })
const Vectors = Type.Array(Vector, { maxItems: MAX_ENTRIES })
const place = {
  store: maybe(Type.String({ maxLength: 128 })),
  backend: maybe(Type.String({ maxLength: 64, pattern: '^[a-zA-Z0-9_-]*$' })),
}
const found = { keys: Type.Array(Type.Array(Type.Number())), values: Type.Array(Type.String()) }
const Nothing = Type.String({ maxLength: 0, description: 'done' })

const schemaOf = <Body, Answer>(summary: string, body: Body, answer: Answer) => ({
  tags: ['stores'],
  summary,
  body,
  response: { 200: answer },
})

const schemas = {
  set: schemaOf(
    'Keep texts under vectors',
    Type.Object({ ...place, keys: Vectors, values: Type.Array(Type.String(), { maxItems: MAX_ENTRIES }) }),
    Nothing,
  ),
  get: schemaOf('Texts under these vectors', Type.Object({ ...place, keys: Vectors }), Type.Object(found)),
  find: schemaOf(
    'Texts under the nearest vectors',
    Type.Object({ ...place, key: Vector, topk: Type.Integer({ minimum: 1, maximum: MAX_ENTRIES }) }),
    Type.Object({ ...found, similarities: Type.Array(Type.Number()) }),
  ),
  delete: schemaOf('Forget texts under these vectors', Type.Object({ ...place, keys: Vectors }), Nothing),
}

/** LocalAI's vector stores. They live on the node that is asked, and belong to the key that asks. */
export const stores: FastifyPluginAsyncTypebox<StoresDeps> = async (app, { stores: all, calls }) => {
  function open(request: FastifyRequest<{ Body: Place }>): VectorStore {
    const { store, backend } = request.body
    return all.open({ name: store || DEFAULT_STORE, owner: request.caller.id, ...(backend ? { backend } : {}) })
  }

  const facts = { endpoint: 'store', model: '' } as const

  app.post('/stores/set', { schema: schemas.set }, async (request, reply) => {
    const { keys, values } = request.body
    await calls.run(reply, facts, async ({ signal }) => await open(request).set({ keys, values }, { signal }))
    return await reply.type('text/plain').send('')
  })

  app.post('/stores/get', { schema: schemas.get }, async (request, reply) => {
    const { keys } = request.body
    return await calls.run(reply, facts, async ({ signal }) => render(await open(request).get(keys, { signal })))
  })

  app.post('/stores/find', { schema: schemas.find }, async (request, reply) => {
    const { key, topk } = request.body
    return await calls.run(reply, facts, async ({ signal }) => {
      const neighbours = await open(request).find(key, topk, { signal })
      return { ...render(neighbours), similarities: [...neighbours.similarities] }
    })
  })

  app.post('/stores/delete', { schema: schemas.delete }, async (request, reply) => {
    const { keys } = request.body
    await calls.run(reply, facts, async ({ signal }) => await open(request).delete(keys, { signal }))
    return await reply.type('text/plain').send('')
  })
}

interface Place {
  readonly store?: string | null
  readonly backend?: string | null
}

function render({
  keys,
  values,
}: {
  readonly keys: readonly (readonly number[])[]
  readonly values: readonly string[]
}) {
  return { keys: keys.map((key) => [...key]), values: [...values] }
}
