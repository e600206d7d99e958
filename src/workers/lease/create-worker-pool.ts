import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { raceSignal } from '../../base/signals.ts'
import type { LentMemory } from '../../p2p/membership/node-record.ts'
import type { Network, PeerView } from '../../p2p/network.ts'
import type { LeaseRequest, WorkerLease, WorkerPool, WorkerUse, WorkerView } from '../worker-pool.ts'
import type { LlamaRpc } from '../worker-process.ts'
import { askPeer } from './ask-peer.ts'
import { type BorrowedLeaseDeps, toBorrowedLease } from './borrowed-lease.ts'
import { isServerAddress, type RpcServers } from './rpc-servers.ts'
import { watchLink } from './watch-link.ts'

/** So long a worker that does not lend to this node is not asked again. */
const NOT_ALLOWED_MS = 60_000

export interface WorkerPoolDeps extends BorrowedLeaseDeps {
  readonly network: Pick<Network, 'peers' | 'onChange' | 'openSocket'>
  /** What this machine's engines speak; undefined: they can use no worker, since the plug-in is not there. */
  readonly own: () => Pick<LlamaRpc, 'build' | 'protocol'> | undefined
  /** Those given by hand, whose ids are their addresses. */
  readonly servers: RpcServers
}

/** Both the members that lend and servers given by hand. */
export interface JoinedWorkerPool extends WorkerPool {
  /** A server that a model names, looked at now: `host:port`. Throws `peer.unreachable`, `worker.mismatch`. */
  at(address: string, options?: AbortOptions): Promise<WorkerView>
}

export function createWorkerPool(deps: WorkerPoolDeps, { group }: { readonly group: string }): JoinedWorkerPool {
  const { network, metrics, servers } = deps
  /** By worker, what this node has there. */
  const uses = new Map<string, () => WorkerUse>()
  const refusedUntil = new Map<string, number>()

  function unusable(lends: Pick<LentMemory, 'build' | 'protocol'>, peerId: string): string | undefined {
    const own = deps.own()
    if (own === undefined) return 'this machine has no plug-in to use workers: "local-ai backends install llama-rpc"'
    if (lends.protocol !== own.protocol || (lends.build !== '' && lends.build !== own.build)) {
      return `it runs ggml ${lends.build} (RPC ${lends.protocol}), and this machine ${own.build} (RPC ${own.protocol})`
    }
    return (refusedUntil.get(peerId) ?? 0) > performance.now() ? 'it does not lend to this node' : undefined
  }

  function finish(view: Omit<WorkerView, 'use' | 'unusable'>): WorkerView {
    const use = uses.get(view.peerId)?.()
    const reason = unusable(view, view.peerId)
    return { ...view, ...(use && { use }), ...(reason === undefined ? {} : { unusable: reason }) }
  }

  function lendingPeers(): readonly (PeerView & { readonly lends: LentMemory })[] {
    return network.peers().flatMap((peer) => {
      const { lends, group: theirs } = peer.record.offer
      return lends !== undefined && peer.state === 'linked' && theirs === group ? [{ ...peer, lends }] : []
    })
  }

  async function borrow(
    peerId: string,
    request: LeaseRequest,
    options: AbortOptions,
  ): Promise<Pick<WorkerLease, 'stream' | 'name' | 'takesHashes'>> {
    const own = deps.own()
    if (own === undefined) throw new AppError('worker.mismatch', 'this machine has no plug-in to use workers')
    if (isServerAddress(peerId)) {
      return { stream: await servers.connect(peerId, own, options), name: peerId, takesHashes: false }
    }
    const peer = lendingPeers().find(({ record }) => record.peerId === peerId)
    if (peer === undefined) throw new AppError('worker.refused', 'the node lends no memory now')
    const socket = await raceSignal(network.openSocket(peerId, options), options.signal)
    const stream = await askPeer(socket, { ...own, ...request }, options)
    const endWatch = watchLink(network, peerId, () => stream.destroy())
    stream.once('close', endWatch)
    return { stream, name: peer.record.name, takesHashes: true }
  }

  return {
    list: () => [
      ...lendingPeers().map(({ record: { peerId, name }, lends, roundTripMs, path }) =>
        finish({ ...lends, peerId, name, roundTripMs, path }),
      ),
      ...servers.list().map(finish),
    ],
    at: async (address, options) => finish(await servers.look(address, options)),
    async lease(peerId, request, options = {}) {
      try {
        const worker = await borrow(peerId, request, options)
        const { lease, use } = toBorrowedLease(deps, { ...worker, peerId }, request)
        uses.set(peerId, use)
        void lease.over.then(() => {
          if (uses.get(peerId) === use) uses.delete(peerId)
        })
        return lease
      } catch (thrown) {
        options.signal?.throwIfAborted()
        const error = AppError.from(thrown, 'peer.unreachable')
        metrics.leaseRefused({ side: 'borrowed', code: error.code })
        if (error.details['notAllowed'] === true) refusedUntil.set(peerId, performance.now() + NOT_ALLOWED_MS)
        throw error
      }
    },
  }
}
