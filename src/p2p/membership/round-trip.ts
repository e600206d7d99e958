import { NewestMap } from '../../base/newest-map.ts'

/** The lowest of the last round trips: delays of the timers and of a busy moment add to the others, never to it. */
export interface RoundTrip {
  readonly lowestMs: number | undefined
  /** A heartbeat with this counter goes out now. */
  sent(counter: number, now: number): void
  /** The other side has answered that one, and says how long it had it. */
  echoed(echo: { readonly counter: number; readonly heldMs: number }, now: number): void
}

const KEPT = 8

export function createRoundTrip(): RoundTrip {
  const waiting = new NewestMap<number, number>(KEPT)
  let last: readonly number[] = []
  return {
    get lowestMs() {
      return last.length === 0 ? undefined : Math.min(...last)
    },
    sent(counter, now) {
      waiting.set(counter, now)
    },
    echoed({ counter, heldMs }, now) {
      const sentAt = waiting.get(counter)
      if (sentAt === undefined) return
      waiting.delete(counter)
      last = [...last, Math.max(0, now - sentAt - heldMs)].slice(-KEPT)
    },
  }
}
