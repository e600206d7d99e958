import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Network } from '../../p2p/network.ts'
import { homeOf, homeOfId } from '../home.ts'
import type { MemberCalls } from '../member-calls.ts'
import { isKeeper, rankNodes } from '../rank-nodes.ts'

/** Where members give each other what is to outlive them. */
export const COPIES_PATH = '/p2p/responses'

/** Nodes that are asked for what its own node cannot give any more. */
const ASKED = 3

export interface Whereabouts {
  readonly peerId: string
  readonly finished: boolean
}

export interface NeighboursInit {
  readonly group: string
  /** How long a request waits for what the neighbours know. */
  readonly askTimeoutMs: number
}

/** The other nodes, in the order in which they keep copies of what has this id. */
export interface Neighbours {
  /**
   * The one that is to keep a copy: it has the model, so that conversations can go on there. Undefined: there is none, or
   * nobody but the id's own node.
   */
  keeperOf(id: string, model: string): string | undefined
  /** The node that the id names, when it is another one and can be reached. */
  homeOf(id: string): string | undefined
  /** False when the node does not take it. Throws `peer.unreachable`. */
  give(peerId: string, id: string, text: string): Promise<boolean>
  /** Somebody who has it. Throws the signal's reason and nothing else. */
  find(id: string, options?: AbortOptions): Promise<Whereabouts | undefined>
  /** Tells all who may have it that it is deleted. Gives back whether the id's own node has heard it. */
  remove(id: string, owner: string | null): Promise<boolean>
}

export function createNeighbours(
  { network, calls }: { readonly network: Pick<Network, 'peerId' | 'peers'>; readonly calls: MemberCalls },
  { group, askTimeoutMs }: NeighboursInit,
): Neighbours {
  const keepers = () => network.peers().filter((peer) => isKeeper(peer, group))

  function ranked(id: string, model?: string): readonly string[] {
    const home = homeOfId(id)
    const able = keepers().filter(
      ({ record: { peerId, offer } }) =>
        homeOf(peerId) !== home && (model === undefined || offer.models.some(({ name }) => name === model)),
    )
    return rankNodes(
      id,
      able.map(({ record }) => record.peerId),
    )
  }

  function homeNode(id: string): string | undefined {
    const home = homeOfId(id)
    return keepers().find(({ record }) => homeOf(record.peerId) === home)?.record.peerId
  }

  async function ask(peerId: string, id: string, options: AbortOptions): Promise<Whereabouts> {
    const call = { method: 'GET', path: `${COPIES_PATH}/${id}` } as const
    const { status, body } = await calls.call(peerId, call, { ...options, timeoutMs: askTimeoutMs })
    const told: unknown = status === 200 ? JSON.parse(body.toString()) : undefined
    if (!isObject(told)) throw new Error('it is not there')
    return { peerId, finished: told['finished'] === true }
  }

  return {
    keeperOf: (id, model) => ranked(id, model)[0],
    homeOf: homeNode,
    async give(peerId, id, text) {
      const { status } = await calls.call(peerId, { method: 'PUT', path: `${COPIES_PATH}/${id}`, body: text })
      return status === 200
    },
    async find(id, options = {}) {
      const asked = ranked(id)
        .slice(0, ASKED)
        .map((peerId) => ask(peerId, id, options))
      const found = await Promise.any(asked).catch(() => undefined)
      options.signal?.throwIfAborted()
      return found
    },
    async remove(id, owner) {
      const home = homeNode(id)
      const told = [...(home === undefined ? [] : [home]), ...ranked(id).slice(0, ASKED)].map(async (peerId) => {
        const body = JSON.stringify({ owner })
        const { status } = await calls.call(peerId, { method: 'POST', path: `${COPIES_PATH}/${id}/remove`, body })
        return peerId === home && status === 200
      })
      const heard = await Promise.allSettled(told)
      return heard.some((outcome) => outcome.status === 'fulfilled' && outcome.value)
    },
  }
}
