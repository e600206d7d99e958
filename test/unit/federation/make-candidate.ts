import { TRUSTED } from '../../../src/federation/health/node-health.ts'
import type { Candidate, Policy, Question } from '../../../src/federation/policies/choose.ts'

export function makeCandidate(name: string, traits: Partial<Candidate> = {}): Candidate {
  return {
    peerId: `id-${name}`,
    name,
    local: false,
    slots: 1,
    busy: 0,
    loaded: true,
    roundTripMs: 1,
    standing: TRUSTED,
    ...traits,
  }
}

/** A request of which little is known. */
export function ask(traits: Partial<Question> = {}): Question {
  return { promptTokens: 100, answerTokens: 100, turn: 0, random: () => 0, ...traits }
}

/** A policy that sorts, or leaves them as they come: tests decide who is first. */
export function sorting(compare: (left: Candidate, right: Candidate) => number = () => 0): Policy {
  return { name: 'test', order: (candidates) => candidates.toSorted(compare).map((candidate) => ({ candidate })) }
}
