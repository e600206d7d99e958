import type { Stream } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const MAX_LINE_LENGTH = 500
const MIN_SECRET_LENGTH = 4

/** Reads what a server writes beside its answers; unread, it would stop the server one day. */
export function watchErrors(
  stream: Stream | null,
  { secrets, onLine }: { readonly secrets: readonly string[]; readonly onLine: (line: string) => void },
): void {
  if (stream === null) return
  const hidden = toHidden(secrets)
  // A secret that begins within what is told is seen to its end.
  const keptLength = MAX_LINE_LENGTH + Math.max(0, ...hidden.map((secret) => secret.length))
  const decoder = new StringDecoder('utf8')
  let line = ''
  stream.on('data', (chunk: Buffer) => {
    // Of a line without end, only the beginning is kept.
    const [first = '', ...rest] = decoder.write(chunk).split('\n')
    line = (line + first).slice(0, keptLength)
    for (const next of rest) {
      if (line.trim() !== '') onLine(withoutSecrets(line, hidden).slice(0, MAX_LINE_LENGTH))
      line = next.slice(0, keptLength)
    }
  })
  stream.on('error', () => {})
}

/** Line by line, as they come (a key may have several); the longer ones first, for a shorter one may be a part of them. */
function toHidden(secrets: readonly string[]): readonly string[] {
  const lines = secrets.flatMap((secret) => secret.split(/\r?\n/)).filter((line) => line.length >= MIN_SECRET_LENGTH)
  return lines.sort((one, other) => other.length - one.length)
}

function withoutSecrets(line: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), line)
}
