import type { Readable } from 'node:stream'

/** All of a body, or undefined as soon as it is larger; what is left of it is then not read. */
export async function readLimited(body: Readable, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  // Leaving the loop destroys the body, and with it the connection.
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > maxBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
