import type { Candidate, Policy } from './choose.ts'
import { shuffle } from './random.ts'

export interface SampledInit {
  /** With more candidates than this, only some are weighed. */
  readonly above: number
  readonly count: number
}

export const SAMPLED_DEFAULTS: SampledInit = { above: 384, count: 128 }

/**
 * Among very many nodes, weighing some drawn by lot is as good as weighing all. Those that keep some of the prompt are
 * always among them; the others stand behind, unweighed, for when the drawn ones are full.
 */
export function sampled(base: Policy, { above, count }: SampledInit): Policy {
  return {
    name: base.name,
    order(candidates, question) {
      if (candidates.length <= above) return base.order(candidates, question)
      const lots = shuffle(candidates, question.random)
      const isWeighed = (candidate: Candidate, at: number): boolean => at < count || (candidate.prefixShare ?? 0) > 0
      const order = base.order(lots.filter(isWeighed), question)
      const rest = lots.filter((candidate, at) => !isWeighed(candidate, at)).map((candidate) => ({ candidate }))
      const firstEjected = order.findIndex(({ candidate }) => candidate.standing.ejected)
      const trusted = firstEjected === -1 ? order : order.slice(0, firstEjected)
      return [
        ...trusted,
        ...rest.filter(({ candidate }) => !candidate.standing.ejected),
        ...order.slice(trusted.length),
        ...rest.filter(({ candidate }) => candidate.standing.ejected),
      ]
    },
  }
}
