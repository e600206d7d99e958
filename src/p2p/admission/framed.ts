import type { MessageStream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface FramedInit {
  /** Of one frame. */
  readonly maxDataLength: number
  /** What may wait to be read. */
  readonly maxBufferSize: number
}

const MORE = 0x80

/**
 * Frames behind their lengths (unsigned varints). The library reads a length byte by byte for as long as it does not end, and
 * keeps each of them: who has proved nothing could keep this process busy with a few bytes. Here a length ends in time.
 */
export function framed<T extends MessageStream>(stream: T, init: FramedInit): LengthPrefixedStream<T> {
  const mostBytes = Math.ceil(init.maxDataLength.toString(2).length / 7)
  function lengthDecoder(bytes: Uint8ArrayList): number {
    if (bytes.byteLength > mostBytes) throw new Error('the length of a frame has no end')
    // To the library this error means: one byte more.
    if (bytes.get(bytes.byteLength - 1) >= MORE) throw new RangeError('the length of a frame goes on')
    return bytes.subarray().reduceRight((length, byte) => length * MORE + (byte % MORE), 0)
  }
  return lpStream(stream, { ...init, lengthDecoder })
}
