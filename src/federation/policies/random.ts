import type { Choose } from './choose.ts'

/** Any of them, however busy: `--random-worker`. */
export const randomNode: Choose = (candidates, random) => {
  const order = [...candidates]
  // Fisher and Yates.
  for (let left = order.length - 1; left > 0; left -= 1) {
    const taken = Math.floor(random() * (left + 1))
    const [candidate, other] = [order[taken], order[left]]
    if (candidate === undefined || other === undefined) continue
    order[left] = candidate
    order[taken] = other
  }
  return order
}
