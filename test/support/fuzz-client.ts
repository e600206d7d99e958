import type { Duplex } from 'node:stream'

export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface RawRequest {
  /** Everything that is sent, in one piece. */
  readonly bytes: Buffer
  /** Nothing more will come, and the server is told so. */
  readonly halfClose: boolean
}

/** The head of a stream that a page watches: it has no end, and whoever has seen enough hangs up. */
const WATCHED = /^(?:HTTP\/1\.1 100 .*?\r\n\r\n)?HTTP\/1\.1 200 .*?\r\ncontent-type: text\/event-stream.*?\r\n\r\n/is

/**
 * Writes bytes to a connection and reads until the server ends it, or until the head of a stream that was asked for with
 * GET. Undefined: it ended without an answer. Throws when the answer is no HTTP, and when there is no end within `timeoutMs`.
 */
export async function sendRaw(
  socket: Duplex,
  { bytes, halfClose }: RawRequest,
  timeoutMs: number,
): Promise<RawAnswer | undefined> {
  const pieces: Buffer[] = []
  const isGet = bytes.subarray(0, 4).toString() === 'GET '
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    if (!isGet) return
    const head = WATCHED.exec(Buffer.concat(pieces).toString('latin1'))?.[0]
    if (head === undefined) return
    pieces.splice(0, pieces.length, Buffer.from(head, 'latin1'))
    socket.destroy()
  })
  // A server that has refused a request may reset the connection under what is still being sent.
  socket.on('error', () => {})
  const { promise: closed, resolve } = Promise.withResolvers<boolean>()
  socket.on('close', () => resolve(true))
  const timer = setTimeout(() => resolve(false), timeoutMs)
  if (halfClose) socket.end(bytes)
  else socket.write(bytes)
  const ended = await closed
  clearTimeout(timer)
  socket.destroy()
  if (!ended) throw new Error(`no end within ${timeoutMs} ms; so far: ${Buffer.concat(pieces).subarray(0, 200)}`)
  return parseAnswer(Buffer.concat(pieces))
}

/** The last answer that is not interim; the connection was closed behind it. */
export function parseAnswer(bytes: Buffer): RawAnswer | undefined {
  if (bytes.length === 0) return undefined
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...lines] = bytes.toString('latin1', 0, Math.max(end, 0)).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1])
  if (end < 0 || Number.isNaN(status)) throw new Error(`no HTTP: ${bytes.subarray(0, 200)}`)
  const rest = bytes.subarray(end + 4)
  if (status < 200) return parseAnswer(rest)
  const headers = new Map(
    lines.map((header): [string, string] => {
      const colon = header.indexOf(':')
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()]
    }),
  )
  return { status, headers, body: headers.get('transfer-encoding') === 'chunked' ? joinChunks(rest) : rest }
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error('broken chunks')
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  // Nothing marks the end: the answer was cut off.
  return Buffer.concat(chunks)
}
