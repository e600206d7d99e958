import { type KeptAnswer, keepAnswer, type MadeAnswer } from './kept-answer.ts'
import { keyReused, type RequestKey } from './request-key.ts'

export interface KeptAnswersInit {
  /** How long an answer may be asked for again after its end. */
  readonly windowMs: number
  readonly maxAnswers: number
  /** A longer answer is not kept. */
  readonly maxAnswerBytes: number
  /** Of all together; the oldest leave first. */
  readonly maxTotalBytes: number
  readonly patienceMs: number
  readonly patienceOnceLostMs: number
}

export const KEPT_ANSWERS_DEFAULTS = {
  maxAnswers: 4096,
  maxAnswerBytes: 1024 * 1024,
  maxTotalBytes: 64 * 1024 * 1024,
  patienceMs: 10_000,
  patienceOnceLostMs: 60_000,
} as const satisfies Omit<KeptAnswersInit, 'windowMs'>

export interface KeptAnswersDeps {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Whether the node that asked has gone. */
  readonly isLost: (peerId: string) => boolean
  /** An answer is kept from now on, and no longer. */
  readonly events: {
    kept(key: RequestKey): void
    /** Before its time. */
    dropped(key: RequestKey): void
  }
}

/** The answers to requests with a key that this node has made, or is making. In memory only. */
export interface KeptAnswers {
  /** Throws `request.unprocessable` when the key stands for something else. */
  find(key: RequestKey): KeptAnswer | undefined
  /** In the place of whatever had the key. `asker`: the peer id of the node that asks. */
  begin(key: RequestKey, asker: string, make: (signal: AbortSignal) => Promise<MadeAnswer>): KeptAnswer
  /** Nothing that fails may be had again. */
  drop(key: RequestKey): void
  /** Keeps nothing any more: what is made for nobody ends. */
  close(): void
}

interface Entry {
  readonly key: RequestKey
  readonly answer: KeptAnswer
  endedAt: number | undefined
  /** Bytes that are in the sum. */
  counted: number
}

export function createKeptAnswers({ now, isLost, events }: KeptAnswersDeps, init: KeptAnswersInit): KeptAnswers {
  /** In the order of their beginning. */
  const entries = new Map<string, Entry>()
  let total = 0

  function forget(entry: Entry): boolean {
    const { key, answer, counted } = entry
    if (entries.get(key.digest) !== entry) return false
    entries.delete(key.digest)
    total -= counted
    answer.drop()
    return true
  }

  function remove(entry: Entry): void {
    if (forget(entry)) events.dropped(entry.key)
  }

  function makeRoom(): void {
    for (const entry of entries.values()) {
      if (total <= init.maxTotalBytes && entries.size <= init.maxAnswers) return
      remove(entry)
    }
  }

  function removeExpired(): void {
    for (const entry of entries.values()) {
      if (entry.endedAt !== undefined && now() - entry.endedAt >= init.windowMs) forget(entry)
    }
  }

  function onChange(entry: Entry): void {
    const { key, answer } = entry
    if (entries.get(key.digest) !== entry) return
    if (!answer.whole) {
      remove(entry)
      return
    }
    if (answer.over) entry.endedAt ??= now()
    total += answer.bytes - entry.counted
    entry.counted = answer.bytes
    makeRoom()
  }

  return {
    find(key) {
      removeExpired()
      const entry = entries.get(key.digest)
      if (entry === undefined) return undefined
      if (entry.key.bodyHash !== key.bodyHash) throw keyReused()
      return entry.answer
    },
    begin(key, asker, make) {
      removeExpired()
      const before = entries.get(key.digest)
      if (before !== undefined) forget(before)
      const answer = keepAnswer(make, {
        ...init,
        maxBytes: init.maxAnswerBytes,
        lost: () => isLost(asker),
        changed: () => onChange(entry),
      })
      const entry: Entry = { key, answer, endedAt: undefined, counted: 0 }
      entries.set(key.digest, entry)
      events.kept(key)
      makeRoom()
      return answer
    },
    drop({ digest }) {
      const entry = entries.get(digest)
      if (entry !== undefined) remove(entry)
    },
    close() {
      for (const entry of entries.values()) forget(entry)
    },
  }
}
