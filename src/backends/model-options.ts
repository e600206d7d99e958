import { resolve } from 'node:path'
import type { ModelOptions } from '../grpc/generated/backend/ModelOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { engineOptions } from './engine-options.ts'

/** What applies where a model's config says nothing. */
export interface ModelOptionDefaults {
  /** 0: the backend decides (only our own knows that). */
  readonly contextSize: number
  readonly threads: number
  readonly batch: number
  readonly gpuLayers: number
  readonly modelsPath: string
}

/** LocalAI's values for keys that are absent from a model's YAML (backend-grpc.md section 5.1). */
export const LOCALAI_DEFAULTS = { contextSize: 4096, threads: 1, batch: 512, gpuLayers: 9_999_999 } as const

const LARGEST_SEED = 2 ** 31 - 1

export interface ModelOptionsInit {
  readonly defaults: ModelOptionDefaults
  /** ModelOptions.Type, where the backend's name implies one. */
  readonly type?: string
  /** For a model without a seed of its own: 0 up to, not including, 1. */
  readonly random: () => number
}

/** A model's config in the words of LoadModel. Pure, dice included. */
export function toModelOptions(config: ModelConfig, init: ModelOptionsInit): ModelOptions {
  const { defaults } = init
  const seed = config.parameters.seed ?? -1
  return {
    Model: config.parameters.model,
    ModelFile: config.modelFile,
    ModelPath: defaults.modelsPath,
    ContextSize: config.contextSize ?? defaults.contextSize,
    Seed: seed >= 0 ? seed : Math.floor(init.random() * LARGEST_SEED),
    NBatch: config.batch ?? defaults.batch,
    NGPULayers: config.gpuLayers ?? defaults.gpuLayers,
    Threads: config.threads ?? defaults.threads,
    F16Memory: config.f16,
    MMap: config.mmap,
    MLock: config.mlock,
    Embeddings: config.embeddings,
    Reranking: config.reranking,
    FlashAttention: config.flashAttention,
    MainGPU: config.mainGpu ?? '',
    TensorSplit: config.tensorSplit ?? '',
    MMProj: config.mmproj === undefined ? '' : resolve(defaults.modelsPath, config.mmproj),
    LoraAdapters: config.loraAdapters.map((adapter) => resolve(defaults.modelsPath, adapter.file)),
    LoraScales: config.loraAdapters.map((adapter) => adapter.scale),
    Options: [...config.options],
    Type: init.type ?? '',
    ...engineOptions(config),
  }
}

/** Equal for two configs that load alike: what only concerns requests (sampling, prompts) is left out. */
export function loadFingerprint(config: ModelConfig, defaults: ModelOptionDefaults): string {
  return JSON.stringify([config.backend ?? '', toModelOptions(config, { defaults, random: () => 0 })])
}
