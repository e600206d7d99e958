import { AppError } from '../../base/errors.ts'
import type { Place, Search } from '../places.ts'
import type { Attempt } from '../routed-request.ts'

type Asked = Map<string, 'once-more' | 'never'>

/** The same, and one node more that is not to be asked. */
export function without({ candidate }: Pick<Place, 'candidate'>, asked: Asked): Pick<Search, 'asked'> {
  return { asked: new Map(asked).set(candidate.peerId, 'never') }
}

/**
 * A lost connection may have been an idle one that the node had just closed, so it may be asked once more; and nothing
 * speaks against who was only slower than another. Not after another node has given a reason, though: that is the better
 * answer when nobody new is left.
 */
export function noteAsked({ peerId, outcome }: Attempt, asked: Asked): void {
  const mayCome = outcome === 'broken' || outcome === 'unreachable' || outcome === 'late'
  asked.set(peerId, mayCome && !asked.has(peerId) ? 'once-more' : 'never')
  if (outcome === 'not-started') for (const other of asked.keys()) asked.set(other, 'never')
}

export function allFailed(attempts: readonly Attempt[], cause: AppError): AppError {
  const times = attempts.length === 1 ? 'it was tried once' : `it was tried ${attempts.length} times`
  return new AppError('federation.unavailable', `no node could serve the request: ${times}`, { cause })
}

export function differs(): AppError {
  return new AppError('peer.unreachable', 'another node gives another answer, so this one cannot be carried on')
}
