/** One token as sampled, with the alternatives it won against. Natural logarithms. */
export interface TokenLogprob {
  readonly token: string
  /** UTF-8 bytes of the token: a token may be part of a character. */
  readonly bytes: readonly number[]
  readonly logprob: number
  readonly top: readonly { readonly token: string; readonly bytes: readonly number[]; readonly logprob: number }[]
}

export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Prompt tokens that a cache already held. */
  readonly cachedTokens: number
}

export interface Timings {
  readonly promptMs: number
  readonly generationMs: number
}

/**
 * What an answer is made of, in order: any number of deltas, then exactly one `finish`.
 * Joining all `text-delta` texts gives the answer; no character is ever split between two deltas.
 */
export type InferenceEvent =
  | { readonly type: 'text-delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'tool-call-start'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'tool-call-delta'; readonly index: number; readonly arguments: string }
  | {
      readonly type: 'finish'
      readonly reason: 'stop' | 'length' | 'tool-calls'
      readonly stopSequence?: string
      readonly usage: Usage
      readonly timings: Timings
    }

/** What a tool of the node's own gave back; comes after the `finish` of the round that called it. */
export interface ToolResult {
  readonly type: 'tool-result'
  /** The id of the call. */
  readonly callId: string
  /** As the model called it. */
  readonly name: string
  readonly text: string
  readonly failed: boolean
}

/** An answer in several rounds: between two of them, tools were run. Each round has its own `finish`. */
export type RoundEvent = InferenceEvent | ToolResult
