import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createExternalWorker } from '../program/external-worker.ts'
import type { WorkerView } from '../worker-pool.ts'
import type { LlamaRpc } from '../worker-process.ts'

const PROBE_TIMEOUT_MS = 5000
const LOOK_EVERY_MS = 30_000
/** It has its own. */
const NO_LIMITS = { memoryBytes: 0, threads: 0 }
/** Ids of peers have no colon. */
const ADDRESS = /^([a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\]):(\d{1,5})$/i

/** `host:port` of a server that speaks ggml's RPC without any protection. */
export function isServerAddress(text: string): boolean {
  return ADDRESS.test(text)
}

/** Throws `config.invalid`. */
export function parseServerAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = ADDRESS.exec(text) ?? []
  const number = Number(port)
  if (host !== '' && number > 0 && number < 65_536) return { host: host.replace(/^\[|\]$/g, ''), port: number }
  throw new AppError('config.invalid', `expected an address of an RPC server, HOST:PORT, but got "${text}"`)
}

/** What a server says of itself. */
export interface ProbedServer {
  /** Of ggml's RPC: `7.0.0`. */
  readonly protocol: string
  readonly memoryFreeBytes: number
  readonly roundTripMs: number
}

/** A connection whose HELLO has been answered, and closed. Throws `peer.unreachable` or the signal's reason. */
export type ProbeServer = (
  address: { readonly host: string; readonly port: number },
  options: Required<AbortOptions>,
) => Promise<ProbedServer>

/** Servers of ggml's RPC that the operator names (`LLAMACPP_GRPC_SERVERS`): `ggml-rpc-server` and the like. */
export interface RpcServers extends Startable {
  /** Those of the settings that have answered lately. */
  list(): readonly Omit<WorkerView, 'use' | 'unusable'>[]
  /** Throws `peer.unreachable` when it does not answer in time: it may serve somebody else, one is all they can. */
  look(address: string, options?: AbortOptions): Promise<Omit<WorkerView, 'use' | 'unusable'>>
  /** Looks first: a server that does not answer would hold up the engine for ever. Throws as `look`, and `worker.mismatch`. */
  connect(address: string, own: Pick<LlamaRpc, 'protocol'>, options?: AbortOptions): Promise<Duplex>
}

export function createRpcServers(
  { probe, log }: { readonly probe: ProbeServer; readonly log: Pick<Logger, 'warn' | 'info'> },
  { addresses }: { readonly addresses: readonly string[] },
): RpcServers {
  const seen = new Map<string, Omit<WorkerView, 'use' | 'unusable'>>()
  const silent = new Set<string>()
  const inUse = new Set<string>()
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined

  async function look(address: string, { signal }: AbortOptions = {}): Promise<Omit<WorkerView, 'use' | 'unusable'>> {
    const late = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    try {
      const found = await probe(parseServerAddress(address), { signal: anySignal(late, signal) })
      return toView(address, found)
    } catch (cause) {
      signal?.throwIfAborted()
      if (cause instanceof AppError && cause.code === 'config.invalid') throw cause
      const message = `no RPC server answers at ${address}: is it running, and free? (it serves one user at a time)`
      throw new AppError('peer.unreachable', message, { cause })
    }
  }

  async function open(address: string, own: Pick<LlamaRpc, 'protocol'>, options: AbortOptions): Promise<Duplex> {
    const { protocol } = await look(address, options)
    if (protocol !== own.protocol) {
      const message = `the server at ${address} speaks RPC ${protocol}, and this node ${own.protocol}`
      throw new AppError('worker.mismatch', message)
    }
    const { socket } = await createExternalWorker(parseServerAddress(address)).start(NO_LIMITS, options)
    return socket
  }

  async function lookAtAll(): Promise<void> {
    await Promise.all(
      addresses.map(async (address) => {
        // One that serves this very node answers nobody else.
        if (inUse.has(address)) return
        try {
          seen.set(address, await look(address, { signal: stopped.signal }))
          if (silent.delete(address)) log.info({ address }, 'the RPC server answers again')
        } catch (error) {
          seen.delete(address)
          if (!stopped.signal.aborted && !silent.has(address)) {
            silent.add(address)
            log.warn({ address, reason: AppError.from(error, 'internal').message }, 'an RPC server cannot be used')
          }
        }
      }),
    )
  }

  return {
    async start() {
      for (const address of addresses) parseServerAddress(address)
      if (addresses.length === 0) return
      void lookAtAll()
      timer = setInterval(() => void lookAtAll(), LOOK_EVERY_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      stopped.abort(new AppError('node.stopping', 'the node is stopping'))
    },
    list: () => [...seen.values()].map((view) => ({ ...view, busy: inUse.has(view.peerId) })),
    look,
    async connect(address, own, options = {}) {
      if (inUse.has(address)) throw new AppError('worker.busy', `another model of this node uses ${address}`)
      // From now on: a second one that was let in meanwhile would be connected, and never answered.
      inUse.add(address)
      try {
        const socket = await open(address, own, options)
        socket.once('close', () => inUse.delete(address))
        return socket
      } catch (error) {
        inUse.delete(address)
        throw error
      }
    },
  }
}

/** Its build is not told: '' is any, and what the operator says by naming it. */
function toView(address: string, found: ProbedServer): Omit<WorkerView, 'use' | 'unusable'> {
  const { protocol, memoryFreeBytes, roundTripMs } = found
  return {
    ...{ peerId: address, name: address, protocol, build: '', device: 'RPC', memoryBytes: memoryFreeBytes },
    ...{ busy: false, waiting: 0, weightBytesPerSecond: {}, roundTripMs, path: 'direct' },
  }
}
