import type { RoutingSettings } from '../config/network-settings.ts'
import type { Policy } from '../federation/policies/choose.ts'
import { leastBusy } from '../federation/policies/least-busy.ts'
import { pinned } from '../federation/policies/pinned.ts'
import { prefixAffinity } from '../federation/policies/prefix-affinity.ts'
import { randomNode } from '../federation/policies/random.ts'
import { roundRobin } from '../federation/policies/round-robin.ts'
import { SAMPLED_DEFAULTS, sampled } from '../federation/policies/sampled.ts'
import { sessionAffinity } from '../federation/policies/session-affinity.ts'
import { weighted } from '../federation/policies/weighted.ts'

/** A session stays with its node unless the answer would come so many times later than from the best one. */
const SESSION_MAX_RATIO = 2

/** By name: a session is worth more than a balance of loads, and nothing is worth more than what LocalAI's flags say. */
const POLICIES: Readonly<Record<RoutingSettings['federationPolicy'], Policy>> = {
  weighted: sampled(sessionAffinity(prefixAffinity(weighted), { maxRatio: SESSION_MAX_RATIO }), SAMPLED_DEFAULTS),
  'least-busy': sessionAffinity(leastBusy, { maxRatio: Number.POSITIVE_INFINITY }),
  'round-robin': sessionAffinity(roundRobin, { maxRatio: Number.POSITIVE_INFINITY }),
  random: randomNode,
}

/** What the settings say of whom to send requests to. */
export function toPolicy({
  federationPolicy,
  randomWorker,
  targetWorker,
}: Pick<RoutingSettings, 'federationPolicy' | 'randomWorker' | 'targetWorker'>): Policy {
  const among = randomWorker ? randomNode : POLICIES[federationPolicy]
  return targetWorker === undefined ? among : pinned(targetWorker, among)
}
