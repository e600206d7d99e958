import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createExternalWorker } from '../program/external-worker.ts'
import { createWorkerProgram } from '../program/worker-program.ts'
import type { DeviceFacts, LlamaRpc } from '../worker-process.ts'
import type { ReadyWorker } from './lending-offer.ts'
import type { ProbeServer } from './rpc-servers.ts'

const LOOK_EVERY_MS = 15_000
const PROBE_TIMEOUT_MS = 5000

/** Where this node's workers come from. */
export interface WorkerSource extends Startable {
  /** Undefined while there is none to lend. */
  worker(): ReadyWorker | undefined
  /** What this machine's engines use workers with; undefined while it is not there. */
  llamaRpc(): LlamaRpc | undefined
  facts(): DeviceFacts | undefined
  /** Memory of the device that is lent, as far as it is free. */
  freeBytes(): number
  /** In the background, and once: makes what is missing. */
  prepare(what: 'to-borrow' | 'to-lend'): void
}

export interface OwnWorkersDeps {
  readonly log: Logger
  readonly setup: {
    find(): Promise<LlamaRpc | undefined>
    ensure(options?: AbortOptions): Promise<LlamaRpc>
  }
  readonly onChange: () => void
}

/** The program that comes with this one: found, or compiled once. */
export function createOwnWorkers(
  { log, setup, onChange }: OwnWorkersDeps,
  { threads }: { readonly threads: () => number },
): WorkerSource {
  const stopped = new AbortController()
  const { signal } = stopped
  let llamaRpc: LlamaRpc | undefined
  let worker: ReadyWorker | undefined
  let making: Promise<LlamaRpc | undefined> | undefined
  let measuring: Promise<void> | undefined

  async function make(): Promise<LlamaRpc | undefined> {
    try {
      llamaRpc = await setup.ensure({ signal })
      onChange()
      return llamaRpc
    } catch (error) {
      if (!signal.aborted) {
        const { message: reason } = AppError.from(error, 'backend.build-failed')
        log.warn({ reason }, 'this machine cannot take part in models over several machines')
      }
      return undefined
    }
  }

  async function measure(): Promise<void> {
    making ??= make()
    const found = await making
    if (found === undefined) return
    const { start, facts } = createWorkerProgram({ log }, { llamaRpc: found })
    try {
      const { build, protocol } = found
      worker = { build, protocol, start, facts: await facts(threads(), { signal }) }
      const { device, weightBytesPerSecond } = worker.facts
      log.info({ device, build, protocol, weightBytesPerSecond }, 'this machine can lend its memory')
      onChange()
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the worker program could not be tried')
    }
  }

  return {
    worker: () => worker,
    llamaRpc: () => llamaRpc,
    facts: () => worker?.facts,
    freeBytes: () => process.availableMemory(),
    prepare(what) {
      if (signal.aborted) return
      if (what === 'to-borrow') making ??= make()
      else measuring ??= measure()
    },
    async start() {
      llamaRpc ??= await setup.find()
    },
    async stop() {
      stopped.abort(new AppError('node.stopping', 'the node is stopping'))
      await Promise.allSettled([making, measuring])
    },
  }
}

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
  let users = 0
  let timer: NodeJS.Timeout | undefined
  let lastReason = ''

  async function look(): Promise<void> {
    // While it serves somebody it answers nobody else.
    if (users > 0) return
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])
      const { protocol, memoryFreeBytes } = await probe(address, { signal })
      const isNew = worker === undefined
      const facts = { device: 'RPC', memoryFreeBytes, memoryTotalBytes: memoryFreeBytes, weightBytesPerSecond: {} }
      worker = { build: '', protocol, facts, start: startCounted }
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

  const startCounted: ReadyWorker['start'] = async (limits, options) => {
    users += 1
    const process = await start(limits, options).catch((error: unknown) => {
      users -= 1
      throw error
    })
    void process.ended.then(() => {
      users -= 1
    })
    return process
  }

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
