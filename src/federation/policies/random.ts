import type { Candidate, Policy } from './choose.ts'
import { asTheyAre } from './in-order.ts'

/** Any of them, however busy: `--random-worker`. */
export const randomNode: Policy = {
  name: 'random',
  order: (candidates, { random }) => asTheyAre(shuffle(candidates, random)),
}

/** Fisher and Yates. */
export function shuffle(candidates: readonly Candidate[], random: () => number): Candidate[] {
  const order = [...candidates]
  for (let left = order.length - 1; left > 0; left -= 1) {
    const taken = Math.floor(random() * (left + 1))
    const [candidate, other] = [order[taken], order[left]]
    if (candidate === undefined || other === undefined) continue
    order[left] = candidate
    order[taken] = other
  }
  return order
}
