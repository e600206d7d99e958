import type { Candidate, Ranked } from './choose.ts'

/** Scores in steps of a fifth, which is what speeds are told in: nearer ones are equal, and the dice spread the load. */
const NOISE = 1.2

/** The lowest score first, ejected nodes behind all others; among equals as they came. */
export function byScore(candidates: readonly Candidate[], scoreOf: (candidate: Candidate) => number): Ranked[] {
  return candidates
    .map((candidate) => {
      const score = scoreOf(candidate)
      return { candidate, score, step: stepOf(score) }
    })
    .sort((left, right) => ejection(left) - ejection(right) || left.step - right.step)
    .map(({ candidate, score }) => ({ candidate, score }))
}

/** As they came, ejected nodes behind all others. */
export function asTheyAre(candidates: readonly Candidate[]): Ranked[] {
  const ranked = candidates.map((candidate) => ({ candidate }))
  return [...ranked.filter((one) => ejection(one) === 0), ...ranked.filter((one) => ejection(one) === 1)]
}

/** The same order with one of them first. */
export function withFirst(order: readonly Ranked[], first: Ranked): readonly Ranked[] {
  return order[0] === first ? order : [first, ...order.filter((one) => one !== first)]
}

function ejection({ candidate }: Ranked): number {
  return candidate.standing.ejected ? 1 : 0
}

function stepOf(score: number): number {
  return score <= 0 ? Number.NEGATIVE_INFINITY : Math.round(Math.log(score) / Math.log(NOISE))
}
