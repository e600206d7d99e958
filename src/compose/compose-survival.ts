import type { Duplex } from 'node:stream'
import type { PeerAppDeps } from '../api/peer-app.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { JoinSettings, RoutingSettings } from '../config/network-settings.ts'
import { createMemberCalls, MEMBER_CALLS } from '../federation/member-calls.ts'
import type { RequestRouter } from '../federation/routed-request.ts'
import type { Network } from '../p2p/network.ts'
import type { Responses } from '../responses/create-responses.ts'
import { NOBODY_LISTENS, type ResponsesEvents } from '../responses/response-copy.ts'
import type { Logger } from '../telemetry/logger.ts'
import { aroundCopies, composeCopies, TAKE_OVER_AFTER_MS } from './compose-copies.ts'
import { composeKeys } from './compose-keys.ts'

export interface SurvivalDeps {
  readonly network: Network
  readonly log: Logger
  /** Absent: this node serves nobody. */
  readonly serves?: { readonly responses: Responses; readonly openSelf: () => Duplex } | undefined
}

/** Answers that outlive the node that was asked for them, and responses that outlive the one that made them. */
export interface Survival {
  readonly peerDeps: Pick<PeerAppDeps, 'keyed' | 'wards'>
  readonly responsesEvents: ResponsesEvents
  around(router: RequestRouter): RequestRouter
  /** In the order of starting, after the network. */
  readonly parts: readonly Startable[]
}

export function composeSurvival(
  { network, log, serves }: SurvivalDeps,
  {
    p2pNetworkId: group,
    idempotencyWindowMs: windowMs,
  }: Pick<JoinSettings & RoutingSettings, 'p2pNetworkId' | 'idempotencyWindowMs'>,
): Survival {
  const calls = createMemberCalls({ network }, MEMBER_CALLS)
  const keys = composeKeys({ network, calls, ...(serves && { openSelf: serves.openSelf }) }, { group, windowMs })
  const copies =
    serves && composeCopies({ network, calls, log, ...serves }, { group, takeOverAfterMs: TAKE_OVER_AFTER_MS })
  return {
    peerDeps: { keyed: keys.keyed, wards: copies?.wards },
    responsesEvents: copies?.events ?? NOBODY_LISTENS,
    around(given) {
      const router = keys.around(given)
      return copies?.around(router) ?? aroundCopies({ network, calls, router }, { group })
    },
    parts: [calls, keys.part, ...(copies === undefined ? [] : [copies.part])],
  }
}
