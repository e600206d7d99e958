import type { Uint8ArrayList } from 'uint8arraylist'

const HEADER_BYTES = 12
const LENGTH_AT = 8
const WINDOW_UPDATE = 1

/**
 * How many more bytes a frame lets the other side send, if that is all it says: a header alone, of this type, with no flag
 * (SYN, ACK, FIN, RST) set. Else undefined. Yamux specification, "Framing": version, type, flags (2 bytes), stream id (4),
 * length (4).
 */
export function windowUpdateBytes(frame: Uint8ArrayList): number | undefined {
  const isBare =
    frame.byteLength === HEADER_BYTES && frame.get(1) === WINDOW_UPDATE && frame.get(2) === 0 && frame.get(3) === 0
  return isBare ? frame.getUint32(LENGTH_AT) : undefined
}
