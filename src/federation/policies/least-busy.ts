import type { Candidate, Choose } from './choose.ts'
import { randomNode } from './random.ts'

/** Nodes this near to each other are equally near: the dice decide, not the noise of a measurement. */
const NEAR_MS = 5

/**
 * The least share of places taken first; then the nearer node; then the dice. Loading a model takes as long as waiting
 * in a full node, so a node that would have to load it counts as one more node-full busier than it is.
 */
export const leastBusy: Choose = (candidates, random) =>
  randomNode(candidates, random)
    .map((candidate) => ({ candidate, pressure: pressureOf(candidate), distance: distanceOf(candidate) }))
    .sort(
      (left, right) =>
        left.pressure - right.pressure ||
        Number(right.candidate.loaded) - Number(left.candidate.loaded) ||
        left.distance - right.distance,
    )
    .map(({ candidate }) => candidate)

function pressureOf({ busy, slots, loaded }: Candidate): number {
  return busy / slots + (loaded ? 0 : 1)
}

function distanceOf({ roundTripMs }: Candidate): number {
  return roundTripMs === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil(roundTripMs / NEAR_MS)
}
