import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createWorkerProgram } from '../program/worker-program.ts'
import type { LlamaRpc } from '../worker-process.ts'
import type { ReadyWorker } from './lending-offer.ts'
import { createUserCount, type WorkerSource } from './worker-source.ts'

/** Machines are not always as fast as they were: what is older is measured again when a user has gone. */
const MEASURED_FOR_MS = 60_000

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
  let measuredAt = Number.NEGATIVE_INFINITY
  /** Ended when somebody wants the worker meanwhile. */
  let again = new AbortController()
  const { counted } = createUserCount({
    first: () => again.abort(),
    none() {
      if (!signal.aborted) measuring = measureAgain()
    },
  })

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
      worker = { build, protocol, start: counted(start), facts: await facts(threads(), { signal }) }
      measuredAt = performance.now()
      const { device, weightBytesPerSecond } = worker.facts
      log.info({ device, build, protocol, weightBytesPerSecond }, 'this machine can lend its memory')
      onChange()
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the worker program could not be tried')
    }
  }

  async function measureAgain(): Promise<void> {
    if (worker === undefined || llamaRpc === undefined || performance.now() - measuredAt < MEASURED_FOR_MS) return
    again = new AbortController()
    const options = { signal: AbortSignal.any([signal, again.signal]) }
    try {
      const facts = await createWorkerProgram({ log }, { llamaRpc }).facts(threads(), options)
      measuredAt = performance.now()
      worker = { ...worker, facts }
      onChange()
    } catch (error) {
      if (!options.signal.aborted) log.warn({ err: error }, 'this machine could not be measured again')
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
