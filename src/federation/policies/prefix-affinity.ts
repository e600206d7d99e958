import type { Policy, Ranked } from './choose.ts'
import { withFirst } from './in-order.ts'

/** Less of the prompt than this is not worth a detour. */
const WORTH_SHARE = 0.3
/** How much later the answer may be there than from the best node: it may be, because the next turn gains as well. */
const SLACK = { ratio: 1.5, ms: 20 }

/**
 * The node that keeps the most of the prompt computed, while it is not overloaded; else as `base` says, whose scores are
 * milliseconds in which the saved work is counted already. The rule is that of cache-aware routers (SGLang's: up to one and
 * a half times the load of the least loaded), in time instead of requests.
 */
export function prefixAffinity(base: Policy): Policy {
  return {
    name: `${base.name}+prefix`,
    order(candidates, question) {
      const order = base.order(candidates, question)
      const [best] = order
      const holder = holderOf(order)
      if (best === undefined || holder === undefined || isOverloaded(holder, best)) return order
      return withFirst(order, holder)
    },
  }
}

/** The first of those that keep the most; undefined when nobody keeps enough. */
function holderOf(order: readonly Ranked[]): Ranked | undefined {
  let found: Ranked | undefined
  for (const one of order) {
    const { prefixShare = 0, loaded, standing } = one.candidate
    if (!loaded || standing.ejected || prefixShare < WORTH_SHARE) continue
    if (prefixShare > (found?.candidate.prefixShare ?? 0)) found = one
  }
  return found
}

function isOverloaded({ score = 0, candidate }: Ranked, { score: best = 0 }: Ranked): boolean {
  return candidate.busy >= candidate.slots || score > best * SLACK.ratio + SLACK.ms
}
