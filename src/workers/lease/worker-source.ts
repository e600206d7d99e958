import type { Startable } from '../../base/lifecycle.ts'
import type { DeviceFacts, LlamaRpc } from '../worker-process.ts'
import type { ReadyWorker } from './lending-offer.ts'

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

export interface UserCount {
  /** Workers that were started and have not ended. */
  readonly users: number
  /** The same `start`, counted. */
  counted(start: ReadyWorker['start']): ReadyWorker['start']
}

export function createUserCount(on: { readonly first?: () => void; readonly none?: () => void }): UserCount {
  let users = 0
  function gone(): void {
    users -= 1
    if (users === 0) on.none?.()
  }
  return {
    get users() {
      return users
    },
    counted: (start) => async (limits, options) => {
      users += 1
      if (users === 1) on.first?.()
      try {
        const process = await start(limits, options)
        void process.ended.then(gone)
        return process
      } catch (error) {
        gone()
        throw error
      }
    },
  }
}
