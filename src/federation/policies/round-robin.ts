import { byCodeUnits } from '../network-models.ts'
import type { Policy } from './choose.ts'
import { asTheyAre } from './in-order.ts'

/** One after the other, however busy they are. */
export const roundRobin: Policy = {
  name: 'round-robin',
  order(candidates, { turn }) {
    const circle = [...candidates].sort((left, right) => byCodeUnits(left.peerId, right.peerId))
    const first = circle.length === 0 ? 0 : turn % circle.length
    return asTheyAre([...circle.slice(first), ...circle.slice(0, first)])
  },
}
