import type { Stream } from 'node:stream'

const MAX_LINE_LENGTH = 500
const MIN_SECRET_LENGTH = 4

/** Reads what a server writes beside its answers; unread, it would stop the server one day. */
export function watchErrors(
  stream: Stream | null,
  { secrets, onLine }: { readonly secrets: readonly string[]; readonly onLine: (line: string) => void },
): void {
  if (stream === null) return
  const hidden = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
  let line = ''
  stream.on('data', (chunk: Buffer) => {
    // Of a line without end, only the beginning is kept.
    const [first = '', ...rest] = chunk.toString('utf8').split('\n')
    line = (line + first).slice(0, MAX_LINE_LENGTH)
    for (const next of rest) {
      if (line.trim() !== '') onLine(withoutSecrets(line, hidden))
      line = next.slice(0, MAX_LINE_LENGTH)
    }
  })
  stream.on('error', () => {})
}

function withoutSecrets(line: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), line)
}
