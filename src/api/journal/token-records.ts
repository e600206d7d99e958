import { AppError } from '../../base/errors.ts'
import type { Continuity } from '../../inference/continuity.ts'

type GeneratedToken = Continuity['resume'][number]

/** A record is the token's id and the length of its log probabilities, each four bytes, big-endian, and these. */
const PREFIX_BYTES = 8
const COUNT_BYTES = 2
/** More than any context holds. */
const MAX_TOKENS = 1_000_000

const NOTHING = Buffer.alloc(0)

/** The payload of a `tokens` frame: how many tokens in two bytes, then the records. Those with a negative id are not counted. */
export function toTokenPayload(tokens: readonly GeneratedToken[]): Buffer {
  const count = Buffer.alloc(COUNT_BYTES)
  count.writeUInt16BE(tokens.reduce((sum, { id = 0 }) => (id < 0 ? sum : sum + 1), 0))
  return Buffer.concat([count, ...tokens.flatMap(toRecord)])
}

function toRecord({ id = 0, logprobs = NOTHING }: GeneratedToken): Buffer[] {
  const bytes = typeof logprobs === 'string' ? Buffer.from(logprobs, 'base64') : logprobs
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeInt32BE(id)
  prefix.writeUInt32BE(bytes.length, 4)
  return [prefix, Buffer.from(bytes)]
}

/** Throws `request.invalid`. */
export function readTokenRecords(bytes: Buffer): readonly GeneratedToken[] {
  const tokens: GeneratedToken[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + PREFIX_BYTES <= bytes.length ? at + PREFIX_BYTES + bytes.readUInt32BE(at + 4) : undefined
    if (end === undefined || end > bytes.length || tokens.length >= MAX_TOKENS) {
      throw new AppError('request.invalid', 'the tokens of the answer so far cannot be read')
    }
    tokens.push({ id: bytes.readInt32BE(at), logprobs: bytes.subarray(at + PREFIX_BYTES, end) })
    at = end
  }
  return tokens
}
