import type { ModelLayers } from '../../../../src/models/gguf/layer-sizes.ts'
import type { ModelUse } from '../../../../src/workers/placement/model-needs.ts'
import type { Machine } from '../../../../src/workers/placement/plan.ts'

export const GB = 1e9

export function machine(name: string, more: Partial<Machine> = {}): Machine {
  return {
    id: `id-${name}`,
    name,
    memoryBytes: 8 * GB,
    weightBytesPerSecond: { q8_0: 10 * GB },
    roundTripMs: 1,
    ...more,
  }
}

/** A model of so many layers of so many bytes, in q8_0. */
export function modelOf(layerBytes: readonly number[], more: Partial<ModelUse> = {}): ModelUse {
  const group = (bytes: number) => ({ bytes, readBytes: { q8_0: bytes } })
  const layers: ModelLayers = {
    layers: layerBytes.map((bytes) => ({ ...group(bytes), cacheBytesPerToken: 4096 })),
    input: { bytes: 0.3 * GB, readBytes: {} },
    output: group(0.3 * GB),
    embeddingLength: 4096,
    feedForwardLength: 14336,
    headCount: 32,
    vocabularySize: 32_000,
    contextLength: 8192,
  }
  return {
    ...{ model: 'big', layers, contextSize: 4096, sequences: 1, batchSize: 512, flashAttention: true },
    ...more,
  }
}

export const evenly = (count: number, bytes: number): readonly number[] => Array.from({ length: count }, () => bytes)
