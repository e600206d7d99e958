import type { Candidate, Question } from '../policies/choose.ts'
import type { RoutedRequest } from '../routed-request.ts'

/** What an entry knows beyond what the nodes say of themselves: of the request, and of earlier ones. */
export interface Foresight {
  questionOf(request: RoutedRequest): Omit<Question, 'random'>
  /** What it knows of a node, for this request. Gives one function for all candidates of one look. */
  factsFor(request: RoutedRequest): (peerId: string) => Pick<Candidate, 'seen' | 'prefixShare'>
  /** A place was booked, and the request is about to be sent there. */
  placed(request: RoutedRequest, candidate: Candidate): void
}
