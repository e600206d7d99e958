import type { Duplex } from 'node:stream'
import type { PeerAppDeps } from '../api/peer-app.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import { createKeepers } from '../federation/idempotency/keepers.ts'
import { createKeptAnswers, KEPT_ANSWERS_DEFAULTS } from '../federation/idempotency/kept-answers.ts'
import { createKeyTable } from '../federation/idempotency/key-table.ts'
import { createKeyedRouter } from '../federation/idempotency/keyed-router.ts'
import type { MemberCalls } from '../federation/member-calls.ts'
import { createPeerClients } from '../federation/peer-clients.ts'
import type { RequestRouter } from '../federation/routed-request.ts'
import type { Network } from '../p2p/network.ts'

export interface KeysDeps {
  readonly network: Pick<Network, 'peerId' | 'name' | 'peers' | 'openSocket'>
  readonly calls: MemberCalls
  /** A connection to the face that this node shows to members. Absent: it serves nobody. */
  readonly openSelf?: () => Duplex
}

export interface KeysInit {
  readonly group: string
  /** 0: a request that comes again is another one. */
  readonly windowMs: number
}

/** What becomes of an `Idempotency-Key`. */
export interface Keys {
  /** For the face for members. */
  readonly keyed: PeerAppDeps['keyed']
  around(router: RequestRouter): RequestRouter
  readonly part: Startable
}

const KEY_TABLE = { maxKeys: 65_536, maxKeysOfNode: 16_384 }
const ASK_TIMEOUT_MS = 200
/** To this node itself; a request waits as long as its answer takes. */
const OWN_CLIENT = {
  connectionsPerPeer: 1024,
  connectTimeoutMs: 5000,
  headersTimeoutMs: 3_600_000,
  keepAliveMs: 60_000,
}

export function composeKeys({ network, calls, openSelf }: KeysDeps, { group, windowMs }: KeysInit): Keys {
  const nothing = async (): Promise<void> => {}
  if (windowMs === 0) {
    return { keyed: undefined, around: (router) => router, part: { start: nothing, stop: nothing } }
  }
  const now = () => performance.now()
  const table = createKeyTable({ now }, { ...KEY_TABLE, windowMs })
  const keepers = createKeepers(
    { network, calls, table },
    { group, serves: openSelf !== undefined, askTimeoutMs: ASK_TIMEOUT_MS },
  )
  const kept = createKeptAnswers(
    {
      now,
      isLost: (peerId) =>
        peerId !== network.peerId &&
        !network.peers().some(({ record, state }) => record.peerId === peerId && state === 'linked'),
      events: { kept: keepers.tell, dropped: keepers.withdraw },
    },
    { ...KEPT_ANSWERS_DEFAULTS, windowMs },
  )
  const self = openSelf && { peerId: network.peerId, open: openSelf }
  const clients = createPeerClients({ network, self }, OWN_CLIENT)
  return {
    keyed: { kept, table },
    around: (router) =>
      createKeyedRouter({
        ...{ router, keepers, network },
        ...(self === undefined ? {} : { own: () => clients.to(self.peerId) }),
      }),
    part: {
      start: nothing,
      stop: () => clients.close(new AppError('node.stopping', 'the node is shutting down')),
    },
  }
}
