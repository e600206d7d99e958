import type { AbortOptions } from '../../base/signals.ts'

/** How to open a model file. Zero or absent means: the engine decides. */
export interface EngineLoadOptions extends AbortOptions {
  readonly modelFile: string
  /** Tokens one sequence can hold (prompt and answer together). 0: the model's trained context, at most 4096. */
  readonly contextSize: number
  readonly threads: number
  /** Layers to put on the GPU; 0 on a machine without one. */
  readonly gpuLayers: number
  /** The devices are workers on other machines: exactly `gpuLayers` go there, whatever they say of their memory. */
  readonly split?: boolean
  /** Prompt tokens per pass. */
  readonly batchSize: number
  /** Sequences that can generate at the same time. */
  readonly parallel: number
  readonly embeddings: boolean
  readonly reranking: boolean
  readonly mmap: boolean
  readonly mlock: boolean
  readonly flashAttention: 'auto' | 'on' | 'off'
  readonly lora: readonly { readonly file: string; readonly scale: number }[]
  /** 0..1, while the weights are read. */
  readonly onProgress?: (fraction: number) => void
}

export interface EngineModelInfo {
  readonly contextSize: number
  readonly trainContextSize: number
  readonly vocabularySize: number
  /** Jinja text from the GGUF (`tokenizer.chat_template`), when it has one. */
  readonly chatTemplate?: string
  readonly bosToken: string
  readonly eosToken: string
  /** Tokenizing a prompt puts `bosToken` in front by itself. */
  readonly addsBos: boolean
}

/** Every field is the request's word; absent means the engine's neutral value (no penalty, no cut). */
export interface EngineSampling {
  /** 0 is greedy: the most probable token, always. */
  readonly temperature: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly typicalP?: number
  readonly seed?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly repeatPenalty?: number
  readonly repeatLastN?: number
  /** Token id -> added to its logit; -Infinity forbids it. */
  readonly logitBias?: ReadonlyMap<number, number>
  /** The answer does not end by itself, unless its grammar lets nothing else come. */
  readonly ignoreEos: boolean
}

/**
 * What is added to the logits of end tokens that are to be ignored, under a grammar: any other token goes before them. Were
 * they forbidden, no token would be left where the grammar ends, and sampling would fail.
 */
export const LAST_CHOICE_BIAS = -10_000

export interface GenerateRequest {
  /** Special tokens in the text are parsed as such. */
  readonly prompt: string
  /** Most tokens to generate; 0: until the context is full. */
  readonly maxTokens: number
  readonly sampling: EngineSampling
  readonly stop: readonly string[]
  /** GBNF. */
  readonly grammar?: string
  /** Alternatives per token to report; absent: no log probabilities. */
  readonly topLogprobs?: number
  /** Pieces tell the tokens they are made of. */
  readonly reportTokens?: boolean
  /**
   * Tokens that were sampled before, in another process. Their pieces come first, at once, as if the tokens had been
   * sampled here; generation goes on behind them. `maxTokens` and `completionTokens` count them, `promptTokens` does not.
   */
  readonly resume?: readonly EngineToken[]
}

/** One sampled token. */
export interface EngineToken {
  readonly id: number
  /** Absent when none are asked for, and where the engine does not know it. */
  readonly logprob?: EngineTokenLogprob
}

export interface EngineTokenLogprob {
  readonly token: string
  readonly bytes: readonly number[]
  readonly logprob: number
  readonly top: readonly { readonly token: string; readonly bytes: readonly number[]; readonly logprob: number }[]
}

/** A piece of answer. Text is whole characters only; text that might begin a stop string is held back. */
export interface GeneratedPiece {
  readonly text: string
  /** Tokens generated so far, this piece included. */
  readonly tokens: number
  readonly logprobs?: readonly EngineTokenLogprob[]
  /**
   * With `reportTokens`: all tokens since the piece before, in their order, the end of generation among them. They are
   * told as soon as they make whole characters, however much of their text is held back: no text is ahead of its
   * tokens, and the tokens told so far never end inside a character. An id of `UNKNOWN_TOKEN` cannot be resumed from.
   */
  readonly generated?: readonly EngineToken[]
}

/** The id of a token that the engine did not get to see. */
export const UNKNOWN_TOKEN = -1

export interface GenerationEnd {
  readonly reason: 'stop' | 'length'
  readonly stopSequence?: string
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly promptMs: number
  readonly generationMs: number
}

export interface EngineStatus {
  readonly busySequences: number
  readonly waitingRequests: number
  readonly memoryBytes: number
  readonly lastTokensPerSecond: number
  readonly tokensGenerated: number
  readonly promptTokensProcessed: number
}

/**
 * One loaded model of one llama.cpp, whichever way it runs. Both implementations pass
 * test/compliance/llama-engine.ts and give the same greedy text.
 *
 * Failures are AppErrors: `request.context-exceeded` (the prompt does not fit; `details` has `promptTokens` and
 * `contextSize`), `request.invalid` (a grammar that does not parse), `backend.unsupported`, `backend.died` (the child
 * is gone), `request.unsupported` (it cannot be resumed from these tokens), else `backend.failed`. An aborted signal ends generation within one token and rejects with its reason.
 */
export interface Engine extends AsyncDisposable {
  readonly name: 'node-llama-cpp' | 'llama-server'
  readonly info: EngineModelInfo
  /** Waits its turn when all sequences are busy. Pulled: a reader that does not read stops generation soon. */
  generate(request: GenerateRequest, options?: AbortOptions): AsyncGenerator<GeneratedPiece, GenerationEnd>
  tokenize(text: string, options?: AbortOptions): Promise<readonly number[]>
  detokenize(tokens: readonly number[], options?: AbortOptions): Promise<string>
  /** Normalised to length 1. */
  embed(
    input: string | readonly number[],
    options?: AbortOptions,
  ): Promise<{ readonly vector: readonly number[]; readonly tokens: number }>
  /** Higher is more relevant, 0..1, in the order of `documents`. */
  rerank(
    query: string,
    documents: readonly string[],
    options?: AbortOptions,
  ): Promise<{ readonly scores: readonly number[]; readonly tokens: number }>
  status(): EngineStatus
}

export type LoadEngine = (options: EngineLoadOptions) => Promise<Engine>
