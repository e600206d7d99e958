import { AppError } from '../../base/errors.ts'

/** Far more than any token has. */
export const MAX_TOKEN_BYTES = 64 * 1024

/** What people paste in place of a token. None of these can begin a token: its first byte would be no text. */
const MISTAKES: readonly (readonly [RegExp, string])[] = [
  [/^["'`“”]/, 'it is in quotation marks; give only what stands between them'],
  [
    /^(?:(?:export|set|-e)\s+)?[A-Za-z_]\w{0,62}=[^=]/,
    'it begins with the name of a variable; give only what follows the =',
  ],
  [/^[A-Za-z][\w+.-]*:\/\//, 'it is an address; a token is one line of base64'],
  [/^(?:[/~]|\.{1,2}[/\\]|[A-Za-z]:\\)/, 'it looks like the path of a file; --p2p-token-file reads one'],
  [/^-/, 'it begins with the name of an option; give only the token itself'],
  [/^\$/, 'it is the name of a variable that the shell did not replace'],
  [/^\s*(?:---\s+)?otp:/, 'it is YAML that is not encoded in base64'],
]

/** One sentence, and nothing of what was given: it may be a secret with one wrong character. */
export function invalidToken(problem: string): AppError {
  return new AppError('token.invalid', `the network token is not valid: ${problem}`)
}

/**
 * The YAML inside a token. White space around it and line breaks inside do not count, as in LocalAI; the URL-safe
 * alphabet and missing padding are read too. Throws `token.invalid`.
 */
export function decodeTokenText(text: string): string {
  if (text.length > MAX_TOKEN_BYTES) throw invalidToken(`it is longer than ${MAX_TOKEN_BYTES} characters`)
  const trimmed = text.trim()
  if (trimmed === '') throw invalidToken('it is empty')
  const mistake = MISTAKES.find(([pattern]) => pattern.test(trimmed))
  if (mistake !== undefined) throw invalidToken(mistake[1])
  return decodeText(decodeBase64(trimmed.replace(/[\r\n]/g, '')))
}

/** The same token as any LocalAI reads it: base64 of the standard alphabet, padded, one line. Keeps unknown keys. */
export function plainTokenText(text: string): string {
  return Buffer.from(decodeTokenText(text)).toString('base64')
}

function decodeBase64(line: string): Buffer {
  if (/\s/.test(line)) throw invalidToken('there are spaces inside it; it is one line of base64')
  if (/[.\\]/.test(line)) throw invalidToken('it looks like the name of a file; --p2p-token-file reads one')
  const digits = line.replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits)) throw invalidToken('it has characters that base64 does not have')
  const padded = digits.length !== line.length
  if (digits.length % 4 === 1 || (padded && line.length % 4 !== 0)) {
    throw invalidToken('it is not whole base64; part of it is missing, most likely the end')
  }
  return Buffer.from(digits, 'base64')
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalidToken('its base64 does not hold text')
  }
}
