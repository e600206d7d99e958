import type { Paces, Subject } from './paces.ts'
import type { OwnPace } from './rhythm.ts'

/** An answer counts as stalled after so many of its usual gaps, within bounds. */
const STALLED_GAPS = 12
const MOST_STALL_MS = 30_000
/** For an answer of whose pace nothing is known. */
const UNKNOWN_STALL_MS = 10_000
const GAP_WEIGHT = 0.1

/** Tells for one answer when its node is late, by its own pace and by that of others like it. */
export interface Lateness {
  /** Milliseconds without a sign after which it is time to look for help; undefined: nobody can tell. */
  lateAfterMs(stage: 'first-token' | 'beginning' | 'running'): number | undefined
  firstToken(ms: number): void
  gap(ms: number): void
  /** Help was looked for: the next time later. */
  wasLate(): void
  ended(pace: OwnPace): void
}

/** `leastStallMs`: no answer counts as stalled earlier. */
export function createLateness(
  paces: Paces,
  subject: Subject,
  { leastStallMs }: { readonly leastStallMs: number },
): Lateness {
  let gapMs: number | undefined
  let patience = 1

  return {
    lateAfterMs(stage) {
      if (stage === 'first-token') {
        const usual = paces.firstTokenLateMs(subject)
        return usual === undefined ? undefined : usual * patience
      }
      // A node that only begins has to read the conversation first.
      const known = stage === 'running' ? (gapMs ?? paces.gapMs(subject.model)) : undefined
      const stalled =
        known === undefined ? UNKNOWN_STALL_MS : Math.max(leastStallMs, Math.min(MOST_STALL_MS, known * STALLED_GAPS))
      return stalled * patience
    },
    firstToken: (ms) => paces.noteFirstToken(subject, ms),
    gap(ms) {
      gapMs = gapMs === undefined ? ms : gapMs + GAP_WEIGHT * (ms - gapMs)
      patience = 1
    },
    wasLate() {
      patience *= 2
    },
    ended({ tokens, ms }) {
      if (tokens > 1) paces.noteGap(subject.model, ms / (tokens - 1))
    },
  }
}
