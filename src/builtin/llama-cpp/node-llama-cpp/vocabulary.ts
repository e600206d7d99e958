import type { LlamaModel, Token } from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import type { EngineTokenLogprob } from '../engine.ts'
import { createTokenBytes } from './token-bytes.ts'
import type { RawLogprobs } from './token-source.ts'

/** The words of one model, and how text and tokens turn into each other. */
export interface Vocabulary {
  /** A whole prompt: special tokens are read as such, and the beginning-of-sequence token is put in front where due. */
  tokenizePrompt(text: string): number[]
  tokenize(text: string): number[]
  /** Throws `request.invalid` for a number that is no token of this model: llama.cpp would read past its tables. */
  check(tokens: readonly number[]): void
  /** Special tokens are written out. */
  detokenize(tokens: readonly number[]): string
  /** Inside an answer, after `before`. Control tokens are part of the text: a tool call may be written in them. */
  textOf(tokens: readonly number[], before: readonly number[]): string
  isEnd(token: number): boolean
  endTokens(): readonly number[]
  describe(token: number, logprobs: RawLogprobs): EngineTokenLogprob
}

export function createVocabulary(model: LlamaModel): Vocabulary {
  const { tokens: words, model: kind } = model.fileInfo.metadata.tokenizer.ggml
  const bytesOf = createTokenBytes({ model: kind, tokens: words })
  let ends: readonly number[] | undefined

  const describeToken = (token: number): { readonly token: string; readonly bytes: readonly number[] } => {
    const text = model.detokenize([token as Token], true)
    const exact = text.includes('\uFFFD') ? bytesOf(token) : undefined
    return { token: text, bytes: exact ?? [...Buffer.from(text)] }
  }
  const check = (tokens: readonly number[]): void => {
    const strange = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= words.length)
    if (strange === undefined) return
    throw new AppError('request.invalid', `token ${strange} is not one of the model's ${words.length} tokens`)
  }
  return {
    tokenizePrompt(text) {
      const tokens: number[] = model.tokenize(text, true)
      const { bos, shouldPrependBosToken } = model.tokens
      if (bos === null || tokens[0] === bos) return tokens
      return shouldPrependBosToken || tokens.length === 0 ? [bos, ...tokens] : tokens
    },
    tokenize: (text) => model.tokenize(text, true),
    check,
    detokenize(tokens) {
      check(tokens)
      return model.detokenize(tokens as readonly Token[], true)
    },
    textOf: (tokens, before) => model.detokenize(tokens as readonly Token[], true, before as readonly Token[]),
    isEnd: (token) => model.isEogToken(token as Token),
    endTokens() {
      ends ??= [...model.iterateAllTokens()].filter((token) => model.isEogToken(token))
      return ends
    },
    describe: (token, { logprob, top }) => ({
      ...describeToken(token),
      logprob,
      top: top.map((other) => ({ ...describeToken(other.token), logprob: other.logprob })),
    }),
  }
}
