import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { exchange } from './exchange.ts'
import { createPeerClients } from './peer-clients.ts'

export interface MemberCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  /** JSON. */
  readonly body?: string
}

export interface MemberCallsInit {
  /** How long one may take, from its beginning to the end of its answer. */
  readonly timeoutMs: number
  /** A longer answer is none. */
  readonly maxAnswerBytes: number
}

export const MEMBER_CALLS = { timeoutMs: 5000, maxAnswerBytes: 64 * 1024 } as const satisfies MemberCallsInit

/** What nodes tell each other beside the requests of clients, over the face that they show to members. */
export interface MemberCalls {
  /** Throws `peer.unreachable` when there is no whole answer in time, and the signal's reason. */
  call(
    peerId: string,
    call: MemberCall,
    options?: AbortOptions & { readonly timeoutMs?: number },
  ): Promise<{ readonly status: number; readonly body: Buffer }>
}

/** Few at a time: what is told is short. */
const CLIENTS = { connectionsPerPeer: 4, connectTimeoutMs: 5000, headersTimeoutMs: 60_000, keepAliveMs: 60_000 }

export function createMemberCalls(
  { network }: { readonly network: Pick<Network, 'openSocket' | 'peers' | 'onChange'> },
  init: MemberCallsInit,
): MemberCalls & Startable {
  const clients = createPeerClients({ network }, CLIENTS)
  let endWatch: (() => void) | undefined

  return {
    async start() {
      endWatch ??= network.onChange(() => {
        clients.keepOnly(new Set(network.peers().map(({ record }) => record.peerId)))
      })
    },
    async stop() {
      endWatch?.()
      endWatch = undefined
      await clients.close(new AppError('node.stopping', 'the node is shutting down'))
    },
    async call(peerId, { method, path, body }, { signal, timeoutMs = init.timeoutMs } = {}) {
      const late = AbortSignal.timeout(timeoutMs)
      const headers = body === undefined ? {} : { 'content-type': 'application/json' }
      try {
        const answer = await exchange(
          clients.to(peerId),
          { method, path, headers, body: body ?? null },
          { signal: anySignal(late, signal), onOver: () => {} },
        )
        const pieces: Uint8Array[] = []
        let length = 0
        for await (const piece of answer.body) {
          length += piece.length
          if (length > init.maxAnswerBytes) throw new AppError('peer.unreachable', 'the answer of the node is too long')
          pieces.push(piece)
        }
        return { status: answer.status, body: Buffer.concat(pieces) }
      } catch (cause) {
        signal?.throwIfAborted()
        throw new AppError('peer.unreachable', 'the node did not answer', { cause })
      }
    },
  }
}
