import type { JsonObject } from '../base/json.ts'

/** One turn of a conversation, in no vendor's words. Media parts are refused before this point while unsupported. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly name?: string
  /** What an assistant turn called. */
  readonly toolCalls?: readonly ToolCall[]
  /** Which call a `tool` turn answers. */
  readonly toolCallId?: string
  readonly reasoning?: string
}

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
}

export interface ToolDefinition {
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments. */
  readonly parameters?: JsonObject
  /** The arguments must match the schema exactly. */
  readonly strict?: boolean
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json-object' }
  | { readonly type: 'json-schema'; readonly schema: JsonObject }

/** Absent values take the model's configured default. */
export interface Sampling {
  /** Most tokens to generate; absent: until the model stops or its context is full. */
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly typicalP?: number
  /** Same seed, same text; absent or negative: random. */
  readonly seed?: number
  readonly stop?: readonly string[]
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly repeatPenalty?: number
  /** How many last tokens the penalties look at. */
  readonly repeatLastN?: number
  /** Token id -> bias added to its logit, -100..100. */
  readonly logitBias?: Readonly<Record<string, number>>
  /** How many alternatives to report per token, 0..20; present (even 0) means log probabilities are wanted. */
  readonly topLogprobs?: number
  readonly ignoreEos?: boolean
  /** What only some backends have a use for. */
  readonly tailFreeZ?: number
  readonly keepTokens?: number
  readonly batch?: number
  readonly mirostat?: number
  readonly mirostatEta?: number
  readonly mirostatTau?: number
  readonly negativePrompt?: string
  readonly negativePromptScale?: number
  readonly ropeFreqBase?: number
  readonly ropeFreqScale?: number
  /** GBNF text that the answer must match. Excludes a `responseFormat` other than text. */
  readonly grammar?: string
}

export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolDefinition[]
  readonly toolChoice?: ToolChoice
  /** An answer calls one tool at most: what it calls besides is left out. */
  readonly singleCall?: boolean
  readonly responseFormat?: ResponseFormat
  readonly sampling: Sampling
  /** Values for the model's chat template, by the names of its variables. */
  readonly templateValues?: JsonObject
  /** Goes to the backend as is; `enable_thinking` is `"true"` or `"false"`. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface CompletionRequest {
  readonly model: string
  readonly prompt: string
  /** The prompt changes `input` as an instruction says: what a model's own template for that works with. */
  readonly edit?: { readonly instruction: string; readonly input: string }
  readonly responseFormat?: ResponseFormat
  readonly sampling: Sampling
}

export interface EmbeddingRequest {
  readonly model: string
  /** Texts, or lists of token ids. */
  readonly inputs: readonly (string | readonly number[])[]
}
