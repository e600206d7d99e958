import type { Candidate, Policy } from './choose.ts'
import { shuffle } from './random.ts'

/** Nodes this near to each other are equally near: the dice decide, not the noise of a measurement. */
const NEAR_MS = 5

/**
 * The least share of places taken first; then the nearer node; then the dice. Loading a model takes as long as waiting
 * in a full node, so a node that would have to load it counts as one more node-full busier than it is.
 */
export const leastBusy: Policy = {
  name: 'least-busy',
  order: (candidates, { random }) =>
    shuffle(candidates, random)
      .map((candidate) => ({ candidate, score: pressureOf(candidate), distance: distanceOf(candidate) }))
      .sort(
        (left, right) =>
          Number(left.candidate.standing.ejected) - Number(right.candidate.standing.ejected) ||
          left.score - right.score ||
          Number(right.candidate.loaded) - Number(left.candidate.loaded) ||
          left.distance - right.distance,
      )
      .map(({ candidate, score }) => ({ candidate, score })),
}

function pressureOf({ busy, slots, loaded }: Candidate): number {
  return busy / slots + (loaded ? 0 : 1)
}

function distanceOf({ roundTripMs }: Candidate): number {
  return roundTripMs === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil(roundTripMs / NEAR_MS)
}
