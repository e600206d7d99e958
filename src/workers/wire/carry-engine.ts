import type { CarryEngine } from '../worker-stream.ts'
import { createAnswerQueue } from './answer-queue.ts'
import { createByteReader } from './byte-reader.ts'
import { createByteWriter } from './byte-writer.ts'
import { type CarriedAnswer, createCarryPieces } from './carry-pieces.ts'
import { carryAnswers, carryRequests } from './carry-requests.ts'
import { createTwoEnds } from './two-ends.ts'

export interface CarryInit {
  /** Whether the guard at the other end takes weights in pieces that are offered by hash. False: RPC as it comes. */
  readonly pieces: boolean
}

/** Rejects with the signal's reason when that ends it. Measured in bench/worker-guard.ts. */
export function createCarryEngine(init: CarryInit): CarryEngine {
  return async ({ engine, stream }, options) => {
    const { events } = options
    const ends = createTwoEnds([engine, stream], options.signal)
    function engineLeft(): void {
      if (ends.finish({ type: 'client-left' })) events?.userLeft?.()
    }
    const fromEngine = createByteReader(engine, { ended: engineLeft })
    const fromStream = createByteReader(stream, {
      moved: (bytes) => events?.moved?.('in', bytes),
      ended: () => ends.finish({ type: 'worker-left' }),
    })
    const toEngine = createByteWriter(engine)
    const toStream = createByteWriter(stream, { moved: (bytes) => events?.moved?.('out', bytes) })
    const answers = createAnswerQueue<CarriedAnswer>()
    const pieces = createCarryPieces({ stream: toStream, answers, ...(events === undefined ? {} : { events }) })
    const parts = { fromEngine, fromStream, toEngine, toStream, answers, pieces }
    ends.run(async () => {
      const reason = await carryRequests(parts, init)
      if (reason !== undefined) ends.finish({ type: 'refused', reason })
    })
    ends.run(async () => {
      await carryAnswers(parts, () => events?.roundTrip?.())
      ends.finish({ type: 'worker-left' })
    })
    try {
      return await ends.over
    } finally {
      for (const part of [fromEngine, fromStream, toEngine, toStream, answers, pieces]) part.close()
    }
  }
}
