import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { DeviceFacts, LlamaRpc, StartWorkerProcess, WorkerProcess } from '../worker-process.ts'
import { readDeviceFacts } from './device-facts.ts'
import { startWorker } from './start-worker.ts'

/** What lends this machine's memory: starts a worker for each user, and knows what it has to lend. */
export interface WorkerProgram {
  readonly start: StartWorkerProcess
  /** Measured, so it takes a second or two; throws `backend.failed`. */
  facts(threads: number, options?: AbortOptions): Promise<DeviceFacts>
}

/** Our own: a process for each user, with no way in or out but that user's connection. */
export function createWorkerProgram(
  deps: { readonly log: Logger },
  init: { readonly llamaRpc: LlamaRpc },
): WorkerProgram {
  const { log } = deps
  const { llamaRpc } = init

  function tellEnd(worker: WorkerProcess, isStopped: () => boolean): void {
    void worker.ended.then(({ code, signal, output }) => {
      const fields = { pid: worker.pid, code, signal }
      if (isStopped() || code === 0) log.debug(fields, 'worker process ended')
      else log.warn({ ...fields, output }, 'worker process was lost')
    })
  }

  return {
    async start(limits, options = {}) {
      const worker = await startWorker(llamaRpc, limits, options)
      let isStopped = false
      log.debug({ pid: worker.pid, ...limits }, 'worker process started')
      tellEnd(worker, () => isStopped)
      return {
        ...worker,
        async stop() {
          isStopped = true
          await worker.stop()
        },
      }
    },
    facts: async (threads, options = {}) => await readDeviceFacts(llamaRpc, threads, options),
  }
}
