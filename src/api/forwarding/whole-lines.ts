const LINE_FEED = 0x0a
const NOTHING = new Uint8Array(0)

/** No event of ours is nearly as long; a longer line goes on in pieces. */
const MAX_HELD_BYTES = 256 * 1024

/**
 * Lets an event stream through up to the last end of a line, so that whatever happens to its source, what the client
 * has got ends where something of ours can follow. A client cannot use half a line, so nothing is late.
 */
export interface WholeLines {
  take(bytes: Uint8Array): Uint8Array
  /** What is left when the source has ended well. */
  rest(): Uint8Array
  /** True when the client has got the beginning of a line that has not ended. */
  midLine(): boolean
}

export function createWholeLines(): WholeLines {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let midLine = false

  function release(last: Uint8Array): Uint8Array {
    const all = held.length === 0 ? last : Buffer.concat([...held, last])
    held = []
    heldBytes = 0
    return all
  }

  return {
    take(bytes) {
      const end = bytes.lastIndexOf(LINE_FEED) + 1
      if (end === bytes.length && end > 0) {
        midLine = false
        return release(bytes)
      }
      if (heldBytes + bytes.length - end > MAX_HELD_BYTES) {
        midLine = true
        return release(bytes)
      }
      const whole = end === 0 ? NOTHING : release(bytes.subarray(0, end))
      if (end > 0) midLine = false
      held.push(bytes.subarray(end))
      heldBytes += bytes.length - end
      return whole
    },
    rest: () => release(NOTHING),
    midLine: () => midLine,
  }
}
