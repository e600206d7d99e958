import type { Dispatcher } from 'undici'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import type { Network } from '../../p2p/network.ts'
import { exchange } from '../exchange.ts'
import { fromPeerHeaders, toPeerHeaders } from '../forwarded-headers.ts'
import { homeOf } from '../home.ts'
import type { LocalPlace, RequestRouter, Routed, RoutedAnswer, RoutedRequest } from '../routed-request.ts'
import type { Keepers } from './keepers.ts'
import { keyOf, keyReused, type RequestKey, toKeyText } from './request-key.ts'

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

  async function find(request: RoutedRequest, key: RequestKey, options: AbortOptions): Promise<Routed> {
    const holder = await keepers.ask(key, options)
    const found = holder === undefined ? undefined : await toHolder(request, holder, options)
    return found ?? (await router.route(request, options))
  }

  async function serve(request: RoutedRequest, routed: Routed, options: AbortOptions): Promise<Routed> {
    if (routed.kind !== 'local' || own === undefined) return routed
    return { kind: 'remote', answer: await serveHere(request, routed.place, options) }
  }

  /** The keepers know of an answer when a node has begun it: who comes before that waits for the first one to get there. */
  const underway = new Map<string, Underway>()

  async function lead(request: RoutedRequest, key: RequestKey, options: AbortOptions): Promise<Routed> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    underway.set(key.digest, { bodyHash: key.bodyHash, holder: promise })
    let holder: string | undefined
    try {
      const routed = await serve(request, await find(request, key, options), options)
      if (routed.kind === 'remote' && routed.answer.status < 400) holder = routed.answer.node.peerId
      return routed
    } finally {
      underway.delete(key.digest)
      resolve(holder)
    }
  }

  /** Nothing is waited for between looking and leading: whoever comes meanwhile finds the one that leads. */
  async function followOrLead(request: RoutedRequest, key: RequestKey, options: AbortOptions): Promise<Routed> {
    for (;;) {
      const first = underway.get(key.digest)
      if (first === undefined) return await lead(request, key, options)
      if (first.bodyHash !== key.bodyHash) throw keyReused()
      const holder = await raceSignal(first.holder, options.signal)
      const found = holder === undefined ? undefined : await toHolder(request, holder, options)
      if (found !== undefined) return await serve(request, found, options)
    }
  }

  return {
    async route(request, options = {}) {
      const key = keyOf(request)
      if (key === undefined) return await router.route(request, options)
      const keyed = { ...request, key: toKeyText(key) }
      if (request.home === undefined) return await followOrLead(keyed, key, options)
      return await serve(keyed, await router.route(keyed, options), options)
    },
  }
}

interface Underway {
  readonly bodyHash: string
  /** Which node has the answer, when one has begun it. */
  readonly holder: Promise<string | undefined>
}

function isLost(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'federation.unavailable' || error.code === 'peer.unreachable')
}
