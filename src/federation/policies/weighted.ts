import type { Candidate, Policy } from './choose.ts'
import { byScore } from './in-order.ts'
import { predict, usualOf } from './predict.ts'
import { shuffle } from './random.ts'

/** Where the answer is predicted to be complete first; the score is that time in milliseconds. */
export const weighted: Policy = {
  name: 'weighted',
  order(candidates, question) {
    const usual = usualOf(candidates)
    return byScore(
      shuffle(candidates, question.random),
      (candidate) => predict(candidate, question, usual).endMs * distrust(candidate),
    )
  },
}

/** A node that is trusted with a part of its requests counts as up to twice as slow. */
function distrust({ standing }: Candidate): number {
  return 2 - Math.min(1, Math.max(0, standing.share))
}
