import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createExternalWorker } from '../program/external-worker.ts'
import type { ReadyWorker } from './lending-offer.ts'
import type { ProbeServer } from './rpc-servers.ts'
import { createUserCount, type WorkerSource } from './worker-source.ts'

const LOOK_EVERY_MS = 15_000
const PROBE_TIMEOUT_MS = 5000

/** A server of llama.cpp's RPC that somebody else runs on this machine; it is lent for as long as it answers. */
export function createRunnerSource(
  {
    log,
    probe,
    onChange,
  }: { readonly log: Pick<Logger, 'info' | 'warn'>; readonly probe: ProbeServer; readonly onChange: () => void },
  address: { readonly host: string; readonly port: number },
): WorkerSource {
  const stopped = new AbortController()
  const { start } = createExternalWorker(address)
  let worker: ReadyWorker | undefined
  const count = createUserCount({})
  let timer: NodeJS.Timeout | undefined
  let lastReason = ''

  async function look(): Promise<void> {
    // While it serves somebody it answers nobody else.
    if (count.users > 0) return
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])
      const { protocol, memoryFreeBytes } = await probe(address, { signal })
      const isNew = worker === undefined
      const facts = { device: 'RPC', memoryFreeBytes, memoryTotalBytes: memoryFreeBytes, weightBytesPerSecond: {} }
      worker = { build: '', protocol, facts, start: counted }
      if (isNew) log.info({ ...address, protocol, memoryFreeBytes }, 'the RPC server can be lent')
      lastReason = ''
    } catch (error) {
      if (stopped.signal.aborted) return
      worker = undefined
      const { message: reason } = AppError.from(error, 'peer.unreachable')
      if (reason !== lastReason) log.warn({ ...address, reason }, 'no RPC server answers there: nothing is lent')
      lastReason = reason
    }
    onChange()
  }

  const counted = count.counted(start)

  return {
    worker: () => worker,
    llamaRpc: () => undefined,
    facts: () => worker?.facts,
    freeBytes: () => worker?.facts.memoryFreeBytes ?? 0,
    prepare: () => {},
    async start() {
      void look()
      timer = setInterval(() => void look(), LOOK_EVERY_MS)
    },
    async stop() {
      clearInterval(timer)
      stopped.abort(new AppError('node.stopping', 'the node is stopping'))
    },
  }
}
