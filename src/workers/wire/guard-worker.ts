import type { GuardWorker } from '../worker-stream.ts'
import { createAnswerQueue } from './answer-queue.ts'
import { createByteReader } from './byte-reader.ts'
import { createByteWriter } from './byte-writer.ts'
import { createGuardPieces } from './guard-pieces.ts'
import { type ComingAnswer, passAnswers } from './pass-answers.ts'
import { passRequests } from './pass-requests.ts'
import { createRpcSession } from './rpc-session.ts'
import { createTwoEnds } from './two-ends.ts'

export interface GuardInit {
  /** Whether weights may come in pieces that are offered by hash, as `CarryEngine` does. False: plain RPC alone. */
  readonly pieces: boolean
}

/** Rejects with the signal's reason when that ends it. Measured in bench/worker-guard.ts. */
export function createGuardWorker(init: GuardInit): GuardWorker {
  return async ({ client, worker }, options) => {
    const { limits, events, workerWatch } = options
    const ends = createTwoEnds([client, worker], options.signal)
    const fromClient = createByteReader(client, {
      moved: (bytes) => events?.moved?.('in', bytes),
      stalled: () => ends.finish({ type: 'refused', reason: 'nothing came for too long' }),
      ended: () => ends.finish({ type: 'client-left' }),
    })
    const lost = (): void => void ends.finish({ type: 'worker-left' })
    const toClient = createByteWriter(client, { moved: (bytes) => events?.moved?.('out', bytes) })
    async function lookAtWorker(): Promise<void> {
      // A user that takes no answers holds up the worker, too.
      if (!toClient.full && (await workerWatch?.isAtWork()) === false) lost()
    }
    const tell = (): void => ends.run(lookAtWorker)
    const fromWorker = createByteReader(worker, { ended: lost, stalled: tell })
    const toWorker = createByteWriter(worker, {
      stalled: workerWatch === undefined ? undefined : { everyMs: workerWatch.everyMs, tell },
    })
    const answers = createAnswerQueue<ComingAnswer>()
    const pieces = createGuardPieces({ ...options, worker: toWorker })
    const session = createRpcSession({ memoryBytes: limits.memoryBytes, pieces: init.pieces })
    const { stallTimeoutMs } = limits
    ends.run(async () => {
      const reason = await passRequests({ from: fromClient, to: toWorker, answers, pieces, session, stallTimeoutMs })
      if (reason !== undefined) ends.finish({ type: 'refused', reason })
    })
    ends.run(async () => {
      const answered = (): void => events?.roundTrip?.()
      const stallTimeoutMs = workerWatch?.everyMs
      await passAnswers({ answers, from: fromWorker, to: toClient, lost, answered, stallTimeoutMs })
    })
    try {
      return await ends.over
    } finally {
      for (const part of [fromClient, fromWorker, toWorker, toClient, answers]) part.close()
    }
  }
}
