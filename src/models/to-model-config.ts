import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { backendName } from './aliases.ts'
import type { ModelFile } from './config-schema.ts'
import { contextSize, type ModelDefaults, positive, readyTimeoutMs } from './defaults.ts'
import { engineKeys, predictionKeys } from './engine-schema.ts'
import type { GgufSummary } from './gguf/summarize-gguf.ts'
import type { ModelConfig, ModelParameters } from './model-config.ts'
import {
  type PromptConfig,
  type TemplateTexts,
  toPromptConfig,
  toReasoningConfig,
  toTextEdits,
  toToolConfig,
} from './prompt-config.ts'
import { declaredUseCases, guessedUseCases, isEmbeddingModel, textUseCases } from './use-cases.ts'
import { given, isOn, text, texts } from './yaml-values.ts'

/** What the disk says about a model. */
export interface ModelFiles {
  readonly name: string
  readonly modelFile: string
  readonly mmproj?: string
  readonly loraAdapters?: readonly string[]
  readonly gguf?: GgufSummary
  readonly templates?: TemplateTexts
  readonly raw?: Readonly<Record<string, unknown>>
}

/** Joins what a YAML file says (nothing, for a bare model file) with what is known of its files and the defaults. */
export function toModelConfig(file: ModelFile, files: ModelFiles, defaults: ModelDefaults): ModelConfig {
  const { gguf } = files
  const backend = file.backend === undefined || file.backend === '' ? undefined : checkedBackend(String(file.backend))
  const embeddings = isOn(file.embeddings) ?? (gguf !== undefined && isEmbeddingModel(gguf))
  const reranking = isOn(file.reranking) ?? gguf?.pooling === 'rank'
  const facts = { embeddings, reranking, ...(backend && { backend }), ...(gguf && { gguf }) }
  const guesses = defaults.guessing !== false
  const prompts = toPromptConfig(file, files.templates ?? {}, guesses)
  const promptsFor = guesses ? {} : { promptsFor: textUseCases(prompts) }
  const useCases = [...declaredUseCases(texts(file.known_usecases)), ...guessedUseCases({ ...facts, ...promptsFor })]
  return {
    name: files.name,
    parameters: toParameters(file.parameters ?? {}, files.name),
    modelFile: files.modelFile,
    embeddings,
    reranking,
    mmap: isOn(file.mmap) ?? true,
    mlock: isOn(file.mmlock) ?? false,
    f16: isOn(file.f16) ?? defaults.f16 ?? false,
    flashAttention: flashAttention(file.flash_attention),
    loraAdapters: loraAdapters(file, files.loraAdapters ?? []),
    stopWords: texts(file.stopwords),
    options: texts(file.options),
    knownUseCases: [...new Set(useCases)],
    readyTimeoutMs: readyTimeoutMs(file.grpc),
    downloadFiles: (file.download_files ?? []).map(({ filename, uri, sha256 }) => ({
      filename: String(filename),
      uri: String(uri),
      ...given('sha256', text(sha256)),
    })),
    ...lifeOf(file),
    ...wordsOf(file, prompts),
    ...toolServersOf(file),
    ...given('backend', backend),
    ...given('description', text(file.description)),
    ...given('contextSize', contextSize(file.context_size, defaults, gguf)),
    ...given('threads', positive(file.threads) ?? positive(defaults.threads)),
    ...given('gpuLayers', file.gpu_layers),
    ...given('batch', positive(file.parameters?.batch)),
    ...given('mmproj', files.mmproj),
    ...given('tensorSplit', text(file.tensor_split)),
    ...given('mainGpu', text(file.main_gpu)),
    ...given('systemPrompt', text(file.system_prompt)),
    ...given('grammar', text(file.grammar)),
    ...thoughtsOf(file),
    ...given('revision', defaults.revision),
    ...given('raw', files.raw),
  }
}

/** What the file says about prompts, tools and answers, and what goes to the backend as it is. */
function wordsOf(
  file: ModelFile,
  prompts: PromptConfig,
): Pick<ModelConfig, 'prompts' | 'tools' | 'reasoning' | 'edits' | 'grammarTriggers' | 'engine' | 'prediction'> {
  const triggers = (file.function?.grammar?.triggers ?? []).map(({ word }) => String(word))
  const plain = prompts.style === 'tokenizer' && file.template === undefined
  return {
    ...given('prompts', plain ? undefined : prompts),
    ...given('tools', file.function && toToolConfig(file.function)),
    ...given('reasoning', file.reasoning && toReasoningConfig(file.reasoning)),
    ...given('edits', toTextEdits(file)),
    ...(triggers.length === 0 ? {} : { grammarTriggers: triggers }),
    ...given('engine', pick(file, engineKeys)),
    ...given('prediction', pick({ ...file, ...file.parameters }, predictionKeys)),
  }
}

/** `enable_thinking` among the values is LocalAI's other name for `reasoning.disable`. */
function thoughtsOf(file: ModelFile): Pick<ModelConfig, 'reasoningDisabled' | 'reasoningEffort' | 'templateValues'> {
  const { enable_thinking: thinks, ...values } = (file.chat_template_kwargs ?? {}) as JsonObject
  const disabled = isOn(file.reasoning?.disable) ?? (typeof thinks === 'boolean' ? !thinks : undefined)
  return {
    ...given('reasoningDisabled', disabled),
    ...given('reasoningEffort', text(file.reasoning_effort)),
    ...(Object.keys(values).length === 0 ? {} : { templateValues: values }),
  }
}

function toolServersOf({ mcp, agent }: ModelFile): Pick<ModelConfig, 'mcp' | 'maxToolRounds'> {
  const texts = { ...given('remote', text(mcp?.remote)), ...given('stdio', text(mcp?.stdio)) }
  return {
    ...(Object.keys(texts).length === 0 ? {} : { mcp: texts }),
    ...given('maxToolRounds', positive(agent?.max_iterations)),
  }
}

/** Of what the file says, what stands under these keys; undefined when that is nothing. */
function pick(file: object, keys: object): object | undefined {
  const found = Object.entries(file).filter(([key, value]) => Object.hasOwn(keys, key) && value !== undefined)
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

function lifeOf(file: ModelFile): Pick<ModelConfig, 'disabled' | 'pinned' | 'limits' | 'concurrencyGroups'> {
  const maxConcurrent = positive(file.limits?.max_concurrent)
  const retryAfter = positive(file.limits?.retry_after_seconds)
  const groups = texts(file.concurrency_groups)
  return {
    ...given('disabled', isOn(file.disabled)),
    ...given('pinned', isOn(file.pinned)),
    ...(maxConcurrent === undefined
      ? {}
      : { limits: { maxConcurrent, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter * 1000 }) } }),
    ...(groups.length === 0 ? {} : { concurrencyGroups: groups }),
  }
}

/** LocalAI's zeros that mean "not said" are left out, so that the default applies. */
function toParameters(parameters: NonNullable<ModelFile['parameters']>, name: string): ModelParameters {
  return {
    model: text(parameters.model) ?? name,
    ...given('temperature', parameters.temperature),
    ...given('topP', parameters.top_p),
    ...given('topK', parameters.top_k),
    ...given('minP', parameters.min_p),
    ...given('typicalP', positive(parameters.typical_p)),
    ...given('maxTokens', positive(parameters.max_tokens)),
    ...given('seed', parameters.seed),
    ...given('repeatPenalty', positive(parameters.repeat_penalty)),
    ...given('repeatLastN', parameters.repeat_last_n),
    ...given('frequencyPenalty', parameters.frequency_penalty),
    ...given('presencePenalty', parameters.presence_penalty),
    ...given('ignoreEos', isOn(parameters.ignore_eos)),
    ...given('logitBias', parameters.logit_bias),
  }
}

function checkedBackend(written: string): string {
  if (/^[a-zA-Z0-9_-]+$/.test(written)) return backendName(written)
  throw new AppError('model.config-invalid', `invalid backend name: ${written}`, { details: { backend: written } })
}

/** `lora_adapter` with its scale, or the list of adapters with theirs; a missing scale is 1. */
function loraAdapters(file: ModelFile, adapters: readonly string[]): ModelConfig['loraAdapters'] {
  const scales = file.lora_adapters === undefined ? [file.lora_scale ?? 1] : (file.lora_scales ?? [])
  return adapters.map((adapter, index) => ({ file: adapter, scale: scales[index] ?? 1 }))
}

function flashAttention(value: ModelFile['flash_attention']): ModelConfig['flashAttention'] {
  const word = String(value ?? 'auto').toLowerCase()
  if (['on', 'true', 'yes', 'enabled', '1'].includes(word)) return 'on'
  if (['off', 'false', 'no', 'disabled', '0'].includes(word)) return 'off'
  if (word === 'auto' || word === '') return 'auto'
  throw new AppError('model.config-invalid', `"flash_attention" must be auto, on or off, and it is "${word}"`)
}
