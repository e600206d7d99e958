import { freemem, totalmem } from 'node:os'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ModelRegistry } from '../../models/model-registry.ts'

/** What the node does when memory runs low, and how often it looks; as of now. */
export interface MemoryRules {
  readonly reclaimerEnabled: boolean
  readonly reclaimerThreshold: number
  readonly watchdogIntervalMs: number
}

export interface ResourcesDeps {
  readonly registry: Pick<ModelRegistry, 'list'>
  readonly memoryRules: () => MemoryRules
  /** Bytes of the files in the models folder. */
  readonly storageBytes: () => Promise<number>
}

const Memory = {
  total_memory: Type.Number(),
  used_memory: Type.Number(),
  free_memory: Type.Number(),
  usage_percent: Type.Number(),
}
const Resources = Type.Object({
  type: Type.Union([Type.Literal('gpu'), Type.Literal('ram')]),
  available: Type.Boolean(),
  gpus: Type.Array(Type.Object(Memory)),
  ram: Type.Object({ total: Type.Number(), used: Type.Number(), free: Type.Number(), usage_percent: Type.Number() }),
  aggregate: Type.Object({ ...Memory, gpu_count: Type.Integer() }),
  storage_size: Type.Number(),
  reclaimer_enabled: Type.Boolean(),
  reclaimer_threshold: Type.Number(),
  watchdog_interval: Type.String(),
})
const Capabilities = Type.Object({
  data: Type.Array(
    Type.Object({
      id: Type.String(),
      capabilities: Type.Array(Type.String()),
      // Ours: whether there is anything to edit or to delete.
      source: Type.Optional(Type.Union([Type.Literal('configuration'), Type.Literal('file')])),
    }),
  ),
})

/** What this node has and can do. Accelerators belong to their backends' processes, which tell nobody of them. */
export const resources: FastifyPluginAsyncTypebox<ResourcesDeps> = async (app, deps) => {
  const { registry, memoryRules, storageBytes } = deps
  const about = { tags: ['system'], summary: 'Memory and disk', response: { 200: Resources } }
  app.get('/api/resources', { schema: about }, async () => {
    const total = totalmem()
    const free = freemem()
    const used = total - free
    const percent = Math.round((1000 * used) / total) / 10
    const { reclaimerEnabled, reclaimerThreshold, watchdogIntervalMs } = memoryRules()
    return {
      type: 'ram' as const,
      available: true,
      gpus: [],
      ram: { total, used, free, usage_percent: percent },
      aggregate: { total_memory: total, used_memory: used, free_memory: free, usage_percent: percent, gpu_count: 0 },
      storage_size: await storageBytes(),
      reclaimer_enabled: reclaimerEnabled,
      reclaimer_threshold: reclaimerThreshold,
      watchdog_interval: `${watchdogIntervalMs}ms`,
    }
  })

  for (const url of ['/api/models/capabilities', '/v1/models/capabilities', '/models/capabilities']) {
    const schema = { tags: ['models'], summary: 'What each model can do', response: { 200: Capabilities } }
    app.get(url, { schema }, async () => ({
      data: registry.list().map(({ id, config, source }) => ({
        id,
        capabilities: [...config.knownUseCases],
        ...(source === undefined ? {} : { source }),
      })),
    }))
  }
}
