import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createGrant, type GrantDeps } from './granted-lease.ts'
import { createLeaseQueue } from './lease-queue.ts'
import type { ReadyWorker } from './lending-offer.ts'

/** An engine that asked and comes back at once finds its own worker still ending; longer, no engine should hang. */
const WAIT_MS = 5000
const MAX_CONNECTIONS = 32

export interface RpcListenerDeps extends Omit<GrantDeps, 'network' | 'weights' | 'fetchWeights'> {
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>
  readonly worker: Pick<ReadyWorker, 'start'>
  readonly lendableBytes: () => number
}

export interface RpcListenerInit {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly threads: number
}

/** ggml's RPC over TCP, for engines outside a network: one user at a time, each with a worker of its own behind the guard. */
export interface RpcListener extends Startable {
  /** Only between `start` and `stop`. */
  address(): { readonly host: string; readonly port: number }
}

export function createRpcListener(deps: RpcListenerDeps, { host, port, threads }: RpcListenerInit): RpcListener {
  const { log, worker } = deps
  const queue = createLeaseQueue()
  const stopped = new AbortController()
  const serving = new Set<Promise<void>>()
  let server: Server | undefined

  async function serve(client: Socket): Promise<void> {
    const gone = new AbortController()
    client.once('close', () => gone.abort(new AppError('request.cancelled', 'the user has left')))
    const signal = AbortSignal.any([gone.signal, stopped.signal])
    const name = `${client.remoteAddress ?? ''}:${client.remotePort ?? 0}`
    try {
      using turn = await queue.take({ peerId: name, model: '', waitMs: WAIT_MS }, { signal })
      // Not before: what the last user had is free now.
      const memoryBytes = deps.lendableBytes()
      const process = await worker.start({ memoryBytes, threads }, { signal })
      const user = { peerId: name, name, model: '', memoryBytes }
      const grant = createGrant(deps, user, { worker: process, waitedMs: turn.waitedMs })
      const onStop = (): void => grant.end(new AppError('worker.refused', 'the worker is stopping'))
      stopped.signal.addEventListener('abort', onStop, { once: true })
      if (stopped.signal.aborted) onStop()
      await grant.granted.serve(client)
      stopped.signal.removeEventListener('abort', onStop)
    } catch (thrown) {
      const { code, message: reason } = AppError.from(thrown, 'internal')
      if (!signal.aborted) log.warn({ user: name, code, reason }, 'a user got no worker')
      client.destroy()
    }
  }

  function accept(client: Socket): void {
    client.on('error', () => {})
    const one = serve(client).finally(() => serving.delete(one))
    serving.add(one)
  }

  return {
    async start({ signal }: AbortOptions = {}) {
      signal?.throwIfAborted()
      server = createServer({ noDelay: true }, accept)
      server.maxConnections = MAX_CONNECTIONS
      server.listen({ host, port })
      await once(server, 'listening').catch((cause: unknown) => {
        const { code } = cause as NodeJS.ErrnoException
        throw new AppError('config.invalid', `cannot listen on ${host}:${port} (${code ?? String(cause)})`, { cause })
      })
    },
    async stop() {
      stopped.abort(new AppError('node.stopping', 'the worker is stopping'))
      server?.close()
      await Promise.all(serving)
    },
    address() {
      const bound = server?.address()
      if (bound === null || bound === undefined || typeof bound === 'string') {
        throw new AppError('internal', 'the worker does not listen')
      }
      return { host: bound.address, port: bound.port }
    },
  }
}
