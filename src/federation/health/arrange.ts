import type { Ranked } from '../policies/choose.ts'

export interface ArrangeInit {
  /** Whether the node should get one request now, to see whether it is well again. */
  readonly probeDue: (peerId: string) => boolean
  /** A request that has failed once is no probe. */
  readonly mayProbe: boolean
  /** Numbers in [0, 1). */
  readonly random: () => number
}

/**
 * What the nodes' health makes of a policy's order. Ejected ones are left out while anybody else is there, but for one
 * whose probe is due, which comes first. One whose share is small comes last, but for its share of the times: when the
 * others are full it is used all the same. Pure.
 */
export function arrange(order: readonly Ranked[], { probeDue, mayProbe, random }: ArrangeInit): readonly Ranked[] {
  if (order.every(({ candidate: { standing } }) => !standing.ejected && standing.share >= 1)) return order
  const trusted = order.filter(({ candidate }) => !candidate.standing.ejected)
  if (trusted.length === 0) return order
  const probe = order.find(({ candidate: { standing, peerId } }) => mayProbe && standing.ejected && probeDue(peerId))
  const later = new Set(
    trusted.filter(({ candidate: { standing } }) => standing.share < 1 && random() >= standing.share),
  )
  const arranged = [...trusted.filter((ranked) => !later.has(ranked)), ...later]
  return probe === undefined ? arranged : [probe, ...arranged]
}
