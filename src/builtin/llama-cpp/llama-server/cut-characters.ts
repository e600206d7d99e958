import { isUtf8 } from 'node:buffer'
import type { AbortOptions } from '../../../base/signals.ts'
import { UNKNOWN_TOKEN } from '../engine.ts'
import type { CompletionEvent } from './completion-answer.ts'
import { readTokenPieces, type ServerCall } from './token-pieces.ts'

/** Tokens of the vocabulary that are asked for at a time: a few milliseconds of parsing. */
const TOKENS_PER_CALL = 8192
/** Several characters in a row may be cut across tokens; more bytes than these without a whole one are broken text. */
const MOST_BYTES = 64

/**
 * llama-server is silent about a token that ends inside a character, and tells only the one that completes it. But it
 * counts them, and the bytes are known: so the ids of the others can be found in the vocabulary.
 */
export interface CutCharacters {
  /** The ids of the `count` tokens in front of the one that the event tells; `UNKNOWN_TOKEN` where they can't be told. */
  tokensBefore(event: CompletionEvent, count: number, options?: AbortOptions): Promise<readonly number[]>
}

export function createCutCharacters(call: ServerCall, init: { readonly vocabularySize: number }): CutCharacters {
  let reading: Promise<ReadonlyMap<string, number>> | undefined
  async function partialPieces(): Promise<ReadonlyMap<string, number>> {
    // Not with the signal of the request that happens to come first: others need them, too.
    reading ??= readPartialPieces(call, init.vocabularySize)
    try {
      return await reading
    } catch (error) {
      reading = undefined
      throw error
    }
  }
  return {
    async tokensBefore(event, count, options) {
      const unknown = Array.from({ length: count }, () => UNKNOWN_TOKEN)
      const [last] = event.tokens
      if (last === undefined) return unknown
      const [piece = Buffer.alloc(0)] = await readTokenPieces(call, [last], options)
      const whole = Buffer.from(event.content)
      const before = whole.subarray(0, whole.length - piece.length)
      if (before.length > MOST_BYTES || !Buffer.concat([before, piece]).equals(whole)) return unknown
      return splitInto(before.toString('latin1'), count, await partialPieces()) ?? unknown
    },
  }
}

/** Every token that is not whole characters, under its bytes as Latin-1. */
async function readPartialPieces(call: ServerCall, vocabularySize: number): Promise<ReadonlyMap<string, number>> {
  const partial = new Map<string, number>()
  for (let from = 0; from < vocabularySize; from += TOKENS_PER_CALL) {
    const length = Math.min(TOKENS_PER_CALL, vocabularySize - from)
    const tokens = Array.from({ length }, (_, index) => from + index)
    for (const [index, piece] of (await readTokenPieces(call, tokens)).entries()) {
      if (!isUtf8(piece)) partial.set(piece.toString('latin1'), from + index)
    }
  }
  return partial
}

/**
 * `bytes` as exactly `count` tokens. Where there is more than one way, the one that begins with the longest token: that
 * is how vocabularies of merged bytes are built. Pure.
 */
export function splitInto(
  bytes: string,
  count: number,
  ids: ReadonlyMap<string, number>,
): readonly number[] | undefined {
  if (count === 0) return bytes === '' ? [] : undefined
  for (let length = bytes.length - (count - 1); length > 0; length--) {
    const id = ids.get(bytes.slice(0, length))
    if (id === undefined) continue
    const rest = splitInto(bytes.slice(length), count - 1, ids)
    if (rest !== undefined) return [id, ...rest]
  }
  return undefined
}
