import type { Dispatcher } from 'undici'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Network } from '../../p2p/network.ts'
import { exchange } from '../exchange.ts'
import { fromPeerHeaders, toPeerHeaders } from '../forwarded-headers.ts'
import { homeOf } from '../home.ts'
import type { LocalPlace, RequestRouter, Routed, RoutedAnswer, RoutedRequest } from '../routed-request.ts'
import type { Keepers } from './keepers.ts'
import { keyOf, toKeyText } from './request-key.ts'

export interface KeyedRouterDeps {
  readonly router: RequestRouter
  readonly keepers: Pick<Keepers, 'ask'>
  readonly network: Pick<Network, 'peerId' | 'name'>
  /** To the face that this node shows to members, where answers with a key are kept. Absent: it has none. */
  readonly own?: () => Dispatcher
}

/**
 * Sends a request that carries an `Idempotency-Key` to the node that already works on its answer, or has it. Everything else
 * goes as it did. What is served here goes through the face for members, so that it is kept there as well.
 */
export function createKeyedRouter({ router, keepers, network, own }: KeyedRouterDeps): RequestRouter {
  async function toHolder(request: RoutedRequest, peerId: string, options: AbortOptions): Promise<Routed | undefined> {
    try {
      const routed = await router.route({ ...request, home: homeOf(peerId) }, options)
      if (routed.kind !== 'local' || peerId === network.peerId) return routed
      // Only because the holder has gone in this moment.
      routed.place.release()
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!isLost(error)) throw error
    }
    return undefined
  }

  async function serveHere(request: RoutedRequest, place: LocalPlace, options: AbortOptions): Promise<RoutedAnswer> {
    const { method, target, body } = request
    const dispatcher = own?.()
    if (dispatcher === undefined) throw new AppError('internal', 'this node serves nobody')
    const answer = await exchange(
      dispatcher,
      { method, path: target, headers: toPeerHeaders(request), body: body ?? null },
      { ...options, onOver: () => place.release() },
    )
    const node = { peerId: network.peerId, name: network.name }
    return { status: answer.status, headers: fromPeerHeaders(answer.headers), body: answer.body, node, attempts: [] }
  }

  return {
    async route(request, options = {}) {
      const key = keyOf(request)
      if (key === undefined) return await router.route(request, options)
      const keyed = { ...request, key: toKeyText(key) }
      const holder = request.home === undefined ? await keepers.ask(key, options) : undefined
      const found = holder === undefined ? undefined : await toHolder(keyed, holder, options)
      const routed = found ?? (await router.route(keyed, options))
      if (routed.kind !== 'local' || own === undefined) return routed
      return { kind: 'remote', answer: await serveHere(keyed, routed.place, options) }
    },
  }
}

function isLost(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'federation.unavailable' || error.code === 'peer.unreachable')
}
