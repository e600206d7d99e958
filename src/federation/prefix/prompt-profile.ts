import {
  CLOSE_BRACE,
  COMMA,
  endOfString,
  MALFORMED,
  OPEN_BRACE,
  QUOTE,
  skipKey,
  skipSpace,
  skipValue,
} from '../json-scan.ts'
import { chainOf, MAX_CHAIN_BYTES } from './chain.ts'
import { createPromptText } from './prompt-text.ts'

/** What can be seen of a request for text without parsing it. */
export interface PromptProfile {
  /** `chainOf` the conversation. */
  readonly chain: readonly number[]
  readonly promptBytes: number
  /** The same, pictures counted by what they cost a model and not by their bytes. */
  readonly readableBytes: number
  /** The highest number of tokens that it allows. */
  readonly maxTokens: number | undefined
  readonly streams: boolean
  /** `prompt_cache_key`, else `user`: what belongs together, in OpenAI's words. */
  readonly session: string | undefined
}

/** In the order in which templates put them into the prompt: chat, completions, Anthropic's messages, Responses. */
const PROMPT_KEYS = ['tools', 'system', 'instructions', 'messages', 'prompt', 'input'] as const
const LIMIT_KEYS = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const
const SESSION_KEYS = ['prompt_cache_key', 'user'] as const
const KEYS: ReadonlySet<string> = new Set([...PROMPT_KEYS, ...LIMIT_KEYS, ...SESSION_KEYS, 'stream'])

const MAX_SESSION_BYTES = 1024
const MAX_NUMBER_BYTES = 16

/** Use cases whose requests hold a conversation or a prompt. */
const WITH_PROMPT: ReadonlySet<string> = new Set(['chat', 'completion'])

export function hasPrompt({ capability }: { readonly capability: string }): boolean {
  return WITH_PROMPT.has(capability)
}

interface Range {
  readonly from: number
  readonly to: number
}

/** HOT PATH: reads a body's top level once, in place, and its conversation once more (`bench/request-parts.ts`). */
export function createProfiler(): (body: Uint8Array, model: string) => PromptProfile {
  const prompt = createPromptText({ maxBytes: MAX_CHAIN_BYTES })
  return (body, model) => {
    const json = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const ranges = topLevel(json)
    prompt.begin()
    for (const key of PROMPT_KEYS) {
      const range = ranges.get(key)
      if (range !== undefined) prompt.add(json, range.from, range.to)
    }
    return {
      chain: chainOf(prompt.text(), model),
      promptBytes: prompt.bytes,
      readableBytes: prompt.readableBytes,
      maxTokens: firstOf(LIMIT_KEYS, (key) => numberAt(json, ranges.get(key))),
      streams: textOf(json, ranges.get('stream')) === 'true',
      session: firstOf(SESSION_KEYS, (key) => stringAt(json, ranges.get(key))),
    }
  }
}

/** Where the values of the known keys are; what is no JSON object has none, from where it stops being one. */
function topLevel(json: Buffer): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>()
  let at = skipSpace(json, 0)
  if (json[at] !== OPEN_BRACE) return ranges
  at = skipSpace(json, at + 1)
  while (json[at] !== CLOSE_BRACE) {
    const from = skipKey(json, at)
    if (from === MALFORMED) break
    const to = skipValue(json, from)
    if (to === MALFORMED) break
    const key = json.toString('latin1', at + 1, endOfString(json, at) - 1)
    if (KEYS.has(key)) ranges.set(key, { from, to })
    at = skipSpace(json, to)
    if (json[at] !== COMMA) break
    at = skipSpace(json, at + 1)
  }
  return ranges
}

function firstOf<Key, Value>(keys: readonly Key[], find: (key: Key) => Value | undefined): Value | undefined {
  for (const key of keys) {
    const value = find(key)
    if (value !== undefined) return value
  }
  return undefined
}

function textOf(json: Buffer, range: Range | undefined): string {
  return range === undefined || range.to - range.from > MAX_SESSION_BYTES
    ? ''
    : json.toString('latin1', range.from, range.to)
}

function numberAt(json: Buffer, range: Range | undefined): number | undefined {
  const text = textOf(json, range)
  const value = Number(text)
  return text === '' || text.length > MAX_NUMBER_BYTES || !(value > 0) ? undefined : value
}

/** The bytes between the quotes, as they are. */
function stringAt(json: Buffer, range: Range | undefined): string | undefined {
  if (range === undefined || json[range.from] !== QUOTE) return undefined
  const text = textOf(json, range).slice(1, -1)
  return text === '' ? undefined : text
}
