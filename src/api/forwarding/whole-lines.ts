const LINE_FEED = 0x0a
const NOTHING = Buffer.alloc(0)

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
  /** Where that which was let through ends: between two events, between two lines of one, or inside a line. */
  endsAt(): 'event' | 'line' | 'inside'
}

export function createWholeLines(): WholeLines {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let last = LINE_FEED
  let beforeLast = LINE_FEED

  function hold(bytes: Uint8Array): void {
    held.push(bytes)
    heldBytes += bytes.length
  }

  function release(bytes: Uint8Array): Uint8Array {
    const all = held.length === 0 ? bytes : Buffer.concat([...held, bytes])
    held = []
    heldBytes = 0
    beforeLast = all.at(-2) ?? last
    last = all.at(-1) ?? last
    return all
  }

  return {
    take(bytes) {
      const end = bytes.lastIndexOf(LINE_FEED) + 1
      if (end === bytes.length) return end === 0 ? NOTHING : release(bytes)
      const whole = end === 0 ? NOTHING : release(bytes.subarray(0, end))
      hold(bytes.subarray(end))
      return heldBytes > MAX_HELD_BYTES ? Buffer.concat([whole, release(NOTHING)]) : whole
    },
    rest: () => (heldBytes === 0 ? NOTHING : release(NOTHING)),
    endsAt() {
      if (last !== LINE_FEED) return 'inside'
      return beforeLast === LINE_FEED ? 'event' : 'line'
    },
  }
}
