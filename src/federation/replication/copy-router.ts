import type { Network } from '../../p2p/network.ts'
import { homeOf, homeOfId } from '../home.ts'
import { isKeeper } from '../rank-nodes.ts'
import type { RequestRouter, RoutedRequest } from '../routed-request.ts'
import type { Neighbours } from './neighbours.ts'

export interface CopyRouterDeps {
  readonly router: RequestRouter
  readonly network: Pick<Network, 'peerId' | 'peers'>
  readonly neighbours: Pick<Neighbours, 'find'>
  /** Whether this node has it itself. */
  readonly holds: (id: string) => boolean
}

/** Sends what speaks of a response whose own node is gone to a node that has a copy. Everything else goes as it did. */
export function createCopyRouter(
  { router, network, neighbours, holds }: CopyRouterDeps,
  { group }: { readonly group: string },
): RequestRouter {
  function isThere(home: string): boolean {
    if (homeOf(network.peerId) === home) return true
    return network.peers().some((peer) => homeOf(peer.record.peerId) === home && isKeeper(peer, group))
  }

  return {
    async route(request, options = {}) {
      const { home } = request
      const id = home === undefined || isThere(home) ? undefined : responseIn(request, home)
      if (id === undefined) return await router.route(request, options)
      const found = holds(id) ? network.peerId : (await neighbours.find(id, options))?.peerId
      return await router.route(found === undefined ? request : { ...request, home: homeOf(found) }, options)
    },
  }
}

/** `<kind>_<home>_<32 hexadecimal digits>`, of a response or of an item of it. */
function responseIn({ target, body }: RoutedRequest, home: string): string | undefined {
  const mark = `_${home}_`
  const path = restAfter(target, mark)
  if (path !== undefined || body === undefined) return path
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const at = bytes.indexOf(mark)
  return at === -1 ? undefined : restAfter(bytes.toString('latin1', at, at + mark.length + 32), mark)
}

function restAfter(text: string, mark: string): string | undefined {
  const at = text.indexOf(mark)
  const rest = at === -1 ? '' : text.slice(at + mark.length, at + mark.length + 32)
  const id = `resp${mark}${rest}`
  return /^[0-9a-f]{32}$/.test(rest) && homeOfId(id) !== undefined ? id : undefined
}
