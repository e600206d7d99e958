import type { ModelLayers } from '../../models/gguf/layer-sizes.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ModelUse } from './model-needs.ts'

const DEFAULT_CONTEXT_SIZE = 4096
const DEFAULT_BATCH_SIZE = 512
const DEFAULT_PARALLEL = 4

/** A model as the engines of `builtin/llama-cpp` will load it. Pure. */
export function toModelUse(
  config: ModelConfig,
  layers: ModelLayers,
  { parallel, contextSize }: { readonly parallel: number; readonly contextSize?: number },
): ModelUse {
  const asked = contextSize ?? config.contextSize ?? 0
  const tokens = asked > 0 ? asked : DEFAULT_CONTEXT_SIZE
  const context = layers.contextLength > 0 ? Math.min(tokens, layers.contextLength) : tokens
  const sequences = /^\s*(?:n_)?parallel\s*:\s*(\d{1,3})\s*$/.exec(
    config.options.findLast((option) => /^\s*(n_)?parallel\s*:/.test(option)) ?? '',
  )?.[1]
  const batch = (config.batch ?? 0) > 0 ? (config.batch ?? 0) : DEFAULT_BATCH_SIZE
  return {
    model: config.name,
    layers,
    contextSize: context,
    ...(asked > context ? { askedContextSize: asked } : {}),
    sequences: Number(sequences ?? (parallel > 0 ? parallel : DEFAULT_PARALLEL)),
    batchSize: config.embeddings || config.reranking ? Math.max(batch, context) : batch,
    flashAttention: config.flashAttention !== 'off',
  }
}
