import type { Duplex } from 'node:stream'
import type { Wards } from '../api/responses/response-copies.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import { exchange } from '../federation/exchange.ts'
import { homeOf, homeOfId } from '../federation/home.ts'
import type { MemberCalls } from '../federation/member-calls.ts'
import { createPeerClients } from '../federation/peer-clients.ts'
import { createCopyRouter } from '../federation/replication/copy-router.ts'
import { createGuardian, type Ward } from '../federation/replication/guardian.ts'
import { createNeighbours } from '../federation/replication/neighbours.ts'
import {
  CALLER_HEADER,
  HOME_HEADER,
  type RequestRouter,
  STAMP_HEADER,
  TAKEN_OVER_HEADER,
} from '../federation/routed-request.ts'
import type { Network } from '../p2p/network.ts'
import type { Responses } from '../responses/create-responses.ts'
import type { ResponsesEvents } from '../responses/response-copy.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createCopyKeeping } from './copy-keeping.ts'

export interface CopiesDeps {
  readonly network: Pick<Network, 'peerId' | 'peers' | 'onChange' | 'openSocket'>
  readonly calls: MemberCalls
  readonly responses: Responses
  /** A connection to the face that this node shows to members. */
  readonly openSelf: () => Duplex
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
}

export interface CopiesInit {
  readonly group: string
  /** So long a node may be gone before its background responses are made elsewhere. */
  readonly takeOverAfterMs: number
}

/** Responses that outlive their node. */
export interface Copies {
  /** What happens to the responses of this node. */
  readonly events: ResponsesEvents
  /** For the face for members. */
  readonly wards: Wards
  around(router: RequestRouter): RequestRouter
  readonly part: Startable
}

export const TAKE_OVER_AFTER_MS = 10_000

const ASK_TIMEOUT_MS = 500
const GUARDED = { maxWards: 1024, maxLength: 64 * 1024 * 1024 }
const OWN_CLIENT = { connectionsPerPeer: 8, connectTimeoutMs: 5000, headersTimeoutMs: 60_000, keepAliveMs: 60_000 }

/** For a node that keeps none itself. */
export function aroundCopies(
  { network, calls, router }: Pick<CopiesDeps, 'network' | 'calls'> & { readonly router: RequestRouter },
  { group }: Pick<CopiesInit, 'group'>,
): RequestRouter {
  const neighbours = createNeighbours({ network, calls }, { group, askTimeoutMs: ASK_TIMEOUT_MS })
  return createCopyRouter({ router, network, neighbours, holds: () => false }, { group })
}

export function composeCopies(deps: CopiesDeps, { group, takeOverAfterMs }: CopiesInit): Copies {
  const { network, calls, responses, log, openSelf } = deps
  const neighbours = createNeighbours({ network, calls }, { group, askTimeoutMs: ASK_TIMEOUT_MS })
  const clients = createPeerClients({ network, self: { peerId: network.peerId, open: openSelf } }, OWN_CLIENT)
  const isOwn = (id: string): boolean => homeOfId(id) === homeOf(network.peerId)
  const keeping = createCopyKeeping({ neighbours, responses, isOwn, log })
  let endWatch: (() => void) | undefined

  async function takeOver({ id, owner, request }: Ward): Promise<void> {
    const elsewhere = await neighbours.find(id)
    if (elsewhere?.finished === true) {
      await responses.forget(id, owner)
      return
    }
    if (responses.stateOf(id) !== 'unfinished') return
    const headers = {
      'content-type': 'application/json',
      [STAMP_HEADER]: request.stamp,
      [HOME_HEADER]: homeOfId(id) ?? '',
      [TAKEN_OVER_HEADER]: '1',
      ...(owner === null ? {} : { [CALLER_HEADER]: owner }),
    }
    const asked = { method: 'POST', path: request.target, headers, body: request.body } as const
    const { status, body } = await exchange(clients.to(network.peerId), asked, { onOver: () => {} })
    // A stream is only a way to look on.
    await body.return?.()
    log.info({ response: id, status }, 'a response is made here in the place of its own node')
    keeping.madeHere(id, owner)
  }

  const guardian = createGuardian(
    {
      network,
      now: () => performance.now(),
      takeOver: (ward) =>
        void takeOver(ward).catch((err: unknown) => {
          log.warn({ err, response: ward.id }, 'a response could not be made in the place of its own node')
        }),
    },
    { ...GUARDED, afterMs: takeOverAfterMs },
  )

  return {
    events: keeping.events,
    wards: {
      add(ward) {
        const view = network.peers().find(({ record }) => record.peerId === ward.home)
        // Its node may have been lost in this very moment.
        guardian.add({ ...ward, incarnation: view?.record.incarnation ?? Number.MAX_SAFE_INTEGER })
      },
      release: guardian.release,
    },
    around: (router) =>
      createCopyRouter({ router, network, neighbours, holds: (id) => responses.stateOf(id) !== undefined }, { group }),
    part: {
      async start(options) {
        endWatch ??= network.onChange(keeping.look)
        await guardian.start(options)
      },
      async stop() {
        endWatch?.()
        endWatch = undefined
        await guardian.stop()
        await clients.close(new AppError('node.stopping', 'the node is shutting down'))
      },
    },
  }
}
