/** Where the samples of a WAV file are, in bytes from its beginning. */
export interface WavSamples {
  readonly offset: number
  readonly length: number
}

const CHUNK_HEAD_BYTES = 8
const UNKNOWN_SIZE = 0xffff_ffff

/** Finds the `data` chunk in the first bytes of a RIFF/WAVE file; undefined when it is none. */
export function findWavSamples(head: Buffer): WavSamples | undefined {
  if (head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') return undefined
  let at = 12
  while (at + CHUNK_HEAD_BYTES <= head.length) {
    const length = head.readUInt32LE(at + 4)
    const offset = at + CHUNK_HEAD_BYTES
    if (head.toString('latin1', at, at + 4) === 'data') return { offset, length }
    // Chunks begin at even places.
    at = offset + length + (length % 2)
  }
  return undefined
}

/** The head of a WAV stream of 16-bit mono samples that ends when it ends: the sizes are the largest there are. */
export function wavHead(sampleRate: number): Buffer {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(UNKNOWN_SIZE, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(sampleRate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(UNKNOWN_SIZE, 40)
  return head
}
