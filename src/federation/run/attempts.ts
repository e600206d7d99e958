import { AppError } from '../../base/errors.ts'
import type { Place, Search } from '../places.ts'
import type { Attempt } from '../routed-request.ts'
import type { Track } from './track.ts'

export interface AttemptsDeps {
  readonly now: () => number
  readonly tried: (attempt: Attempt, cause?: Error) => void
}

/** Which nodes were tried for one request, how that ended, and which of them may be asked again. */
export interface Attempts {
  readonly list: readonly Attempt[]
  readonly asked: NonNullable<Search['asked']>
  /** The same, and one node more that is not to be asked. */
  without(place: Pick<Place, 'candidate'>): Pick<Search, 'asked'>
  note(track: Track, outcome: Attempt['outcome'], cause?: Error): void
  /** How long the node took that answers, or did so last; 0 when it has not. */
  answeredMs(peerId: string | undefined): number
  /** It was noted before, and has nothing more to give. */
  ruleOut(peerId: string): void
  /** Who has failed may have come back meanwhile; others go first. */
  forgive(): void
}

export function createAttempts({ now, tried }: AttemptsDeps): Attempts {
  const list: Attempt[] = []
  const asked = new Map<string, 'once-more' | 'never'>()

  /**
   * A lost connection may have been an idle one that the node had just closed, so it may be asked once more; and nothing
   * speaks against who was only slower than another. Not after another node has given a reason, though: that is the better
   * answer when nobody new is left.
   */
  function ask({ peerId, outcome }: Attempt): void {
    const mayCome = outcome === 'broken' || outcome === 'unreachable' || outcome === 'late'
    asked.set(peerId, mayCome && !asked.has(peerId) ? 'once-more' : 'never')
    if (outcome === 'not-started') for (const other of asked.keys()) asked.set(other, 'never')
  }

  return {
    list,
    asked,
    without: ({ candidate }) => ({ asked: new Map(asked).set(candidate.peerId, 'never') }),
    note(track, outcome, cause) {
      const { peerId, name } = track.candidate
      const attempt = { peerId, name, outcome, ms: now() - track.since }
      track.noted = true
      list.push(attempt)
      if (outcome !== 'answered') ask(attempt)
      tried(attempt, cause)
    },
    answeredMs: (peerId) => list.findLast((one) => one.peerId === peerId && one.outcome === 'answered')?.ms ?? 0,
    ruleOut: (peerId) => void asked.set(peerId, 'never'),
    forgive() {
      for (const peerId of asked.keys()) asked.set(peerId, 'once-more')
    },
  }
}

export function allFailed(attempts: readonly Attempt[], cause: AppError): AppError {
  const times = attempts.length === 1 ? 'it was tried once' : `it was tried ${attempts.length} times`
  return new AppError('federation.unavailable', `no node could serve the request: ${times}`, { cause })
}

export function givesBack(): AppError {
  return new AppError('peer.unreachable', 'the node cannot go on with its answer')
}

export function differs(): AppError {
  return new AppError('peer.unreachable', 'another node gives another answer, so this one cannot be carried on')
}

export function toolsLost(cause: AppError): AppError {
  return new AppError('mcp.failed', 'the node was lost while it ran tools, which are not run twice', { cause })
}
