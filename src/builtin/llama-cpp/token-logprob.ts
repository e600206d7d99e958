import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { parseBoundedJson } from './bounded-json.ts'
import type { EngineTokenLogprob } from './engine.ts'

/** What OpenAI writes for a token that could not come: JSON has no infinities. */
const IMPOSSIBLE = -9999
/** An entry with as many alternatives as can be asked for takes a tenth of it. */
const LONGEST_ENTRY_BYTES = 128 * 1024
const MOST_ALTERNATIVES = 100
const MOST_BYTES_PER_TOKEN = 4096

type Alternative = EngineTokenLogprob['top'][number]

/** One entry of `content` in OpenAI's `logprobs`. */
export function toOpenAiLogprob({ token, bytes, logprob, top }: EngineTokenLogprob) {
  const finite = (value: number): number => (Number.isFinite(value) ? value : IMPOSSIBLE)
  return {
    token,
    bytes,
    logprob: finite(logprob),
    top_logprobs: top.map((other) => ({ ...other, logprob: finite(other.logprob) })),
  }
}

/** Reads what `toOpenAiLogprob` wrote in another process. Throws `request.invalid`. */
export function fromOpenAiLogprob(json: Uint8Array): EngineTokenLogprob {
  if (json.length > LONGEST_ENTRY_BYTES) throw invalid()
  const entry = parseBoundedJson(Buffer.from(json).toString(), 'Resume')
  const top: unknown = isObject(entry) ? entry['top_logprobs'] : undefined
  if (!Array.isArray(top) || top.length > MOST_ALTERNATIVES) throw invalid()
  return { ...readAlternative(entry), top: top.map(readAlternative) }
}

function readAlternative(entry: unknown): Alternative {
  if (!isObject(entry)) throw invalid()
  const { token, bytes, logprob } = entry
  if (typeof token !== 'string' || typeof logprob !== 'number' || !isBytes(bytes)) throw invalid()
  return { token, bytes, logprob }
}

function isBytes(value: unknown): value is readonly number[] {
  if (!Array.isArray(value) || value.length > MOST_BYTES_PER_TOKEN) return false
  return value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
}

function invalid(): AppError {
  return new AppError('request.invalid', 'Resume: a log probability that is none')
}
