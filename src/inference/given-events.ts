import { crc32 } from 'node:zlib'
import { AppError } from '../base/errors.ts'
import type { InferenceEvent } from './events.ts'

/** What was given out of one answer that may take several attempts, each of which gives it from the beginning. */
export interface GivenEvents {
  /** To be called before each attempt. */
  begin(): void
  /**
   * Whether the next event of this attempt was not given out yet; from now on it counts as given. Throws `backend.failed`
   * when what came before differs from what was given out. HOT PATH: two checksums for each token; bench/http-path.ts.
   */
  isNew(event: InferenceEvent): boolean
  /** To be called when an attempt has come to its end: throws when it gave less than the one before. */
  end(): void
  count(): number
}

export function createGivenEvents(): GivenEvents {
  let count = 0
  let checksum = 0
  /** In the attempt that runs. */
  let position = 0
  let running = 0
  return {
    begin() {
      position = 0
      running = 0
    },
    isNew(event) {
      position += 1
      running = crc32(wordsOf(event), crc32(event.type, running))
      if (position === count && running !== checksum) throw differs()
      if (position <= count) return false
      count = position
      checksum = running
      return true
    },
    end() {
      if (position < count) throw differs()
    },
    count: () => count,
  }
}

/** Ids of calls may be chance. */
function wordsOf(event: InferenceEvent): string {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return event.text
    case 'tool-call-start':
      return event.name
    case 'tool-call-delta':
      return event.arguments
    case 'finish':
      return event.reason
    default:
      return event satisfies never
  }
}

function differs(): AppError {
  return new AppError('backend.failed', 'the backend was started again and gave another answer than before')
}
