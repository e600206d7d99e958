import { AppError } from '../../../base/errors.ts'
import { isObject } from '../../../base/json.ts'
import type { AbortOptions } from '../../../base/signals.ts'
import { member } from './server-api.ts'

/** Asks llama-server; see llama-server-engine.ts. */
export type ServerCall = (path: string, body: unknown, options?: AbortOptions) => Promise<unknown>

/** The bytes that each token stands for; a single one may be part of a character only. */
export async function readTokenPieces(
  call: ServerCall,
  tokens: readonly number[],
  options?: AbortOptions,
): Promise<readonly Buffer[]> {
  if (tokens.length === 0) return []
  // Tokens pass through /tokenize as they are; it is the one answer that writes out bytes.
  const answer = await call('/tokenize', { content: tokens, with_pieces: true }, options)
  const pieces = (member(answer, 'tokens', 'object') as readonly unknown[]).map(toBytes)
  if (pieces.length === tokens.length) return pieces
  throw new AppError('backend.failed', `llama-server told ${pieces.length} pieces of ${tokens.length} tokens`)
}

/** Text where the piece is some, else its bytes. */
function toBytes(entry: unknown): Buffer {
  const piece = isObject(entry) ? entry['piece'] : undefined
  if (typeof piece === 'string') return Buffer.from(piece)
  if (Array.isArray(piece)) return Buffer.from(piece)
  throw new AppError('backend.failed', 'an answer of llama-server has no "piece"')
}

/** Whether a text ends inside a character: exactly then llama-server waits with its event for the next token. */
export function endsInsideCharacter(bytes: Buffer): boolean {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    const length = lengthOfCharacter(byte)
    if (back < length) return true
  }
  return false
}

/** How many bytes a character has that begins with this one; 0 for a byte that begins none, or one of a single byte. */
function lengthOfCharacter(first: number): number {
  if (first >= 0xf0) return first < 0xf8 ? 4 : 0
  if (first >= 0xe0) return 3
  return first >= 0xc0 ? 2 : 0
}
