import type { ModelLease, ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { toModelConfig } from '../../models/to-model-config.ts'
import { useModel } from '../use-model.ts'
import type { Vector, VectorStore } from './vector-store.ts'

export interface BackendStoreDeps {
  readonly loader: Pick<ModelLoader, 'acquire'>
}

/** A store in a backend process of its own, which the loader treats as it treats a model: it may be unloaded, with all it has. */
export function createBackendStore(
  { loader }: BackendStoreDeps,
  { id, backend }: { readonly id: string; readonly backend: string },
): VectorStore {
  const config = toModelConfig({ backend }, { name: id, modelFile: '' }, {})

  async function ask<T>(options: AbortOptions, use: (lease: ModelLease) => Promise<T>): Promise<T> {
    try {
      return await useModel(loader, config, { ...options, use })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'backend.unsupported') throw error
      throw new AppError('request.unsupported', `the backend "${backend}" keeps no vectors`, {
        details: { param: 'backend' },
        cause: error,
      })
    }
  }

  const toKeys = (keys: readonly Vector[]) => keys.map((key) => ({ Floats: [...key] }))
  return {
    set: ({ keys, values }, options = {}) =>
      ask(options, ({ client }) => {
        const Values = values.map((value) => ({ Bytes: Buffer.from(value) }))
        return client.storesSet({ Keys: toKeys(keys), Values }, options)
      }),
    delete: (keys, options = {}) => ask(options, ({ client }) => client.storesDelete({ Keys: toKeys(keys) }, options)),
    get: (keys, options = {}) =>
      ask(options, async ({ client }) => fromWire(await client.storesGet({ Keys: toKeys(keys) }, options))),
    find: (key, topK, options = {}) =>
      ask(options, async ({ client }) => {
        const found = await client.storesFind({ Key: { Floats: [...key] }, TopK: topK }, options)
        return { ...fromWire(found), similarities: found.Similarities }
      }),
  }
}

interface WireEntries {
  readonly Keys: readonly { readonly Floats: readonly number[] }[]
  readonly Values: readonly { readonly Bytes: Buffer }[]
}

function fromWire({ Keys, Values }: WireEntries) {
  return { keys: Keys.map(({ Floats }) => Floats), values: Values.map(({ Bytes }) => Bytes.toString('utf8')) }
}
