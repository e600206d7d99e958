/** What may be shown of the text so far, and the stop string that was found, when one was. */
export interface StopMatch {
  readonly text: string
  readonly stop?: string
}

/** Finds stop strings in a text that arrives in pieces. After a `stop`, nothing more may be pushed. */
export interface StopMatcher {
  /** Releases all text that cannot be the beginning of a stop string any more. */
  push(text: string): StopMatch
  /** What was held back, once it is known that no more text comes. */
  finish(): string
}

/** The stop string that begins first wins; of two that begin together, the one listed first. Empty ones are ignored. */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const wanted = stops.filter((stop) => stop.length > 0)
  let held = ''
  return {
    push(text) {
      const window = held + text
      const found = firstStop(window, wanted)
      if (found !== undefined) {
        held = ''
        return { text: window.slice(0, found.at), stop: found.stop }
      }
      const keep = longestPartial(window, wanted)
      held = window.slice(window.length - keep)
      return { text: window.slice(0, window.length - keep) }
    },
    finish() {
      const rest = held
      held = ''
      return rest
    },
  }
}

function firstStop(text: string, stops: readonly string[]): { readonly at: number; readonly stop: string } | undefined {
  let best: { readonly at: number; readonly stop: string } | undefined
  for (const stop of stops) {
    const at = text.indexOf(stop)
    if (at >= 0 && (best === undefined || at < best.at)) best = { at, stop }
  }
  return best
}

/** Length of the longest end of `text` that is a proper beginning of some stop string. */
function longestPartial(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) {
        longest = length
        break
      }
    }
  }
  return longest
}
