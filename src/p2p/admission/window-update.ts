import type { Uint8ArrayList } from 'uint8arraylist'

const HEADER_BYTES = 12
const WINDOW_UPDATE = 1

/**
 * A bare permission to send more: a header alone, of this type, with no flag (SYN, ACK, FIN, RST) set. Yamux
 * specification, "Framing": version, type, flags (2 bytes), stream id (4), length (4).
 */
export function isWindowUpdate(frame: Uint8ArrayList): boolean {
  return frame.byteLength === HEADER_BYTES && frame.get(1) === WINDOW_UPDATE && frame.get(2) === 0 && frame.get(3) === 0
}
