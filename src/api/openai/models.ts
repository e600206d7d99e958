import { basename } from 'node:path'
import { runInNewContext } from 'node:vm'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AppError } from '../../base/errors.ts'
import type { NetworkModel } from '../../federation/routed-request.ts'
import type { ListedModel, ModelRegistry } from '../../models/model-registry.ts'
import { Model, ModelList } from './response-schema.ts'
import { ModelListQuery, ModelPathParams } from './schema.ts'

export interface ModelsDeps {
  readonly registry: Pick<ModelRegistry, 'list'>
  /** Absent when no other node answers for this one. */
  readonly network: FederatedModels | undefined
}

export interface FederatedModels {
  /** The models of the other nodes. */
  models(): readonly NetworkModel[]
  /** How this node is called among them. */
  ownName(): string | undefined
}

const tags = ['models']
const listing = { tags, summary: 'List the models', querystring: ModelListQuery, response: { 200: ModelList } }
const lookUp = { tags, summary: 'Look a model up', params: ModelPathParams, response: { 200: Model } }

export const models: FastifyPluginAsyncTypebox<ModelsDeps> = async (app, { registry, network }) => {
  for (const url of ['/v1/models', '/models']) {
    app.get(url, { schema: listing }, async (request): Promise<ModelList> => {
      const { filter = '', excludeConfigured = 'true' } = request.query
      const listed = registry.list()
      const own = excludeConfigured === 'true' ? listed.map(toModel) : withLooseFiles(listed)
      const all = network === undefined ? own : union(own, network)
      return { object: 'list', data: filter === '' ? all : matching(all, filter) }
    })
  }

  // A name may contain slashes.
  app.get('/v1/models/*', { schema: lookUp }, async (request): Promise<Model> => {
    const id = request.params['*']
    const own = registry.list().filter((listed) => listed.id === id)
    const [model] = network === undefined ? own.map(toModel) : union(own.map(toModel), network, id)
    if (model !== undefined) return model
    throw new AppError('request.not-found', `model "${id}" not found. To see available models, call GET /v1/models`)
  })
}

function toModel({ id, created, demonstration, config }: ListedModel): Model {
  const description = demonstration ?? config.description
  return {
    id,
    object: 'model',
    created,
    owned_by: 'local-ai',
    ...(description === undefined || description === '' ? {} : { description }),
  }
}

/** The own models first; each says which nodes have it. With `id`, of the others' models only that one. */
function union(own: readonly Model[], network: FederatedModels, id?: string): Model[] {
  const name = network.ownName()
  const here = name === undefined ? [] : [name]
  const models = new Map(own.map((model) => [model.id, { ...model, nodes: here }]))
  for (const other of network.models()) {
    if (id !== undefined && other.name !== id) continue
    const known = models.get(other.name)
    const nodes = [...new Set([...(known?.nodes ?? []), ...other.nodes])]
    models.set(other.name, { ...(known ?? fromNetwork(other)), nodes })
  }
  return [...models.values()]
}

function fromNetwork({ name, created, description }: NetworkModel): Model {
  return {
    id: name,
    object: 'model',
    created,
    owned_by: 'local-ai',
    ...(description === undefined || description === '' ? {} : { description }),
  }
}

/** Beside the configured names, the model files they use: how LocalAI lists them without `excludeConfigured`. */
function withLooseFiles(listed: readonly ListedModel[]): Model[] {
  const models = new Map(listed.map((model) => [model.id, toModel(model)]))
  for (const model of listed) {
    if (model.config.modelFile === '') continue
    const file = basename(model.config.modelFile)
    if (!models.has(file)) models.set(file, { id: file, object: 'model', created: model.created, owned_by: 'local-ai' })
  }
  return [...models.values()]
}

const FILTER_TIMEOUT_MS = 50

/** The expression is the caller's, and some take longer than the universe: it runs against a clock. */
function matching(models: readonly Model[], filter: string): Model[] {
  const names = models.map(({ id }) => id)
  try {
    const kept: unknown = runInNewContext(
      'JSON.stringify(JSON.parse(names).map((name) => new RegExp(filter).test(name)))',
      { names: JSON.stringify(names), filter },
      { timeout: FILTER_TIMEOUT_MS },
    )
    const flags: unknown = JSON.parse(String(kept))
    return models.filter((_, index) => Array.isArray(flags) && flags[index] === true)
  } catch (error) {
    // LocalAI's error table has this as a failure of the server.
    throw new AppError('internal', `filter "${filter}" is not usable`, { cause: error })
  }
}
