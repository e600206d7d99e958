import type { JsonObject } from '../base/json.ts'
import type { EngineKeys, PredictionKeys } from './engine-schema.ts'
import type { McpTexts } from './mcp-servers.ts'
import type { PromptConfig, ReasoningConfig, TextEdits, ToolConfig } from './prompt-config.ts'

/**
 * A model as configured: a YAML file of the models folder (names as in LocalAI, see model-config.md), or a bare GGUF
 * with everything at its default. Absent means: not said, the default applies where it is used.
 */
export interface ModelConfig {
  readonly name: string
  /** Lower case; absent: the node picks (`llama-cpp` for a GGUF). */
  readonly backend?: string
  readonly description?: string
  readonly parameters: ModelParameters
  /** Absolute path of the model file, inside the models folder (or an absolute path given on the command line). */
  readonly modelFile: string
  /** Tokens one request can hold. When nobody says: the context the model was trained for, at most 8192. */
  readonly contextSize?: number
  readonly threads?: number
  readonly gpuLayers?: number
  readonly batch?: number
  readonly embeddings: boolean
  readonly reranking: boolean
  readonly mmap: boolean
  readonly mlock: boolean
  readonly f16: boolean
  readonly flashAttention: 'auto' | 'on' | 'off'
  readonly mmproj?: string
  readonly loraAdapters: readonly { readonly file: string; readonly scale: number }[]
  readonly tensorSplit?: string
  readonly mainGpu?: string
  readonly stopWords: readonly string[]
  readonly systemPrompt?: string
  /** Fixed GBNF grammar for every answer. */
  readonly grammar?: string
  /** Free `key:value` strings for the backend. */
  readonly options: readonly string[]
  /** Declared (`known_usecases`) and guessed, in lower case: `chat`, `completion`, `embeddings`, `rerank`, `tokenize`... */
  readonly knownUseCases: readonly string[]
  /** `reasoning.disable`: ask the template not to think. */
  readonly reasoningDisabled?: boolean
  /** How much the model thinks, in the words of its chat template, where a request does not say. */
  readonly reasoningEffort?: string
  /** `chat_template_kwargs`: values for the model's chat template. */
  readonly templateValues?: JsonObject
  /** Absent: the backend makes the prompt. */
  readonly prompts?: PromptConfig
  readonly tools?: ToolConfig
  readonly reasoning?: ReasoningConfig
  /** Absent: answers stay as they are. */
  readonly edits?: TextEdits
  /** What the model writes before a grammar begins to hold. */
  readonly grammarTriggers?: readonly string[]
  /**
   * It runs on a server that was attached (`upstreams/`), of this name: whatever a request does not say is left to that server, and what
   * the answer shall look like is told as it was asked, not as a grammar.
   */
  readonly attached?: string
  /** What goes to the backend as it is, when the model is loaded and with every request. */
  readonly engine?: EngineKeys
  readonly prediction?: PredictionKeys
  /** Where the model's tools come from. */
  readonly mcp?: McpTexts
  /** `agent.max_iterations`: how often the model may call its tools before it has to answer. */
  readonly maxToolRounds?: number
  /** `grpc.attempts` and `grpc.attempts_sleep_time`, as one budget. */
  readonly readyTimeoutMs: number
  /** Requests for it are refused. */
  readonly disabled?: boolean
  /** Never unloaded to make room, nor for being idle. */
  readonly pinned?: boolean
  /** Requests at the same time; more are refused, with the time after which to ask again. */
  readonly limits?: { readonly maxConcurrent?: number; readonly retryAfterMs?: number }
  /** No two models that share a group are in memory together. */
  readonly concurrencyGroups?: readonly string[]
  readonly downloadFiles: readonly { readonly filename: string; readonly uri: string; readonly sha256?: string }[]
  /** Counts the readings of the models folder, of which this is from the latest one then; absent: the first. */
  readonly revision?: number
  /** The YAML as it was read, with the keys that nothing above stands for. Absent for a bare file. */
  readonly raw?: Readonly<Record<string, unknown>>
}

/** `parameters` of the YAML: sampling defaults for requests that do not say. */
export interface ModelParameters {
  readonly model: string
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly typicalP?: number
  readonly maxTokens?: number
  readonly seed?: number
  readonly repeatPenalty?: number
  readonly repeatLastN?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly ignoreEos?: boolean
  /** Token id -> bias. */
  readonly logitBias?: Readonly<Record<string, number>>
}
