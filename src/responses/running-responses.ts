import { AppError } from '../base/errors.ts'
import { judgeClaim } from '../base/fair-share.ts'
import type { Stamp } from '../inference/continuity.ts'
import type { Item } from './items.ts'
import { CANCELLED, createLiveResponse, type LiveResponse } from './live-response.ts'
import type { ResponseEcho, ResponseError } from './resource.ts'
import type { RepeatableRequest } from './response-copy.ts'
import type { ResponseRecord } from './response-record.ts'
import { createResponseState } from './response-state.ts'

/** `msg_<home>_<rest>_<place>`: the response that made an item is told by the item's name. */
const MADE_ITEM = /^[a-z]{1,16}_([0-9a-f]{10}_[0-9a-f]{32})_\d{1,9}$/

/** The response that an item of an output belongs to; undefined for items that clients have named. */
export function responseOfItem(itemId: string): string | undefined {
  const rest = MADE_ITEM.exec(itemId)?.[1]
  return rest === undefined ? undefined : `resp_${rest}`
}

export interface NewResponse {
  readonly owner: string | null
  readonly echo: ResponseEcho
  readonly stream: boolean
  /** The conversation before the answer. */
  readonly input: Item[]
  /** What a client may know of a failure. */
  readonly describe: (error: unknown) => ResponseError
  /** Whatever the response is named after. With the same one (and home) again it is the same response, begun anew. */
  readonly stamp: Stamp
  /** In its name; default: this node's. Another one's where this node carries on what began there. */
  readonly home?: string | undefined
  /** For a background response: with it another node can make it. */
  readonly request?: RepeatableRequest | undefined
}

export interface RunningResponse {
  readonly live: LiveResponse
  /** Its events are kept for whoever reads along. */
  readonly streamed: boolean
  readonly request: RepeatableRequest | undefined
  record(): ResponseRecord
  /** Resolves when nothing more will happen. */
  readonly over: Promise<void>
}

/** The responses that are being made now. */
export interface RunningResponses {
  /**
   * Throws `node.overloaded` for a background response too many, `request.rate-limited` where its owner has too many of
   * them, `node.stopping` after `stop`.
   */
  begin(init: NewResponse): RunningResponse
  /** Undefined also for one that is not to be stored: nobody but its own client knows of it. */
  find(id: string, owner: string | null): RunningResponse | undefined
  /** Whoever owns it. */
  has(id: string): boolean
  /** Waits for the end. */
  cancel(id: string): Promise<void>
  /** Takes nothing new, and waits until what runs has given up. */
  stop(): Promise<void>
}

export interface RunningResponsesDeps {
  readonly save: (record: ResponseRecord) => Promise<void>
  /** What was saved of one that is not to stay. Never fails. */
  readonly remove: (id: string, owner: string | null) => Promise<unknown>
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface RunningResponsesInit {
  /** The ten digits that lead to this node (`homeOf`); asked for with each new response. */
  readonly home: () => string
  /** Background responses that may be worked on at the same time; of one owner no more than are then left. */
  readonly maxBackground: number
}

interface Entry extends RunningResponse {
  readonly owner: string | null
  readonly abort: AbortController
  readonly background: boolean
  readonly stored: boolean
}

function overShare(own: number): AppError {
  const message = `this node works on as many background responses of yours (${own}) as it may: what is left is for others`
  return new AppError('request.rate-limited', message, {
    details: { retryAfterMs: 5000 },
  })
}

const REPLACED = new AppError('request.cancelled', 'the same response was begun anew')

export function createRunningResponses(
  { save, remove, now }: RunningResponsesDeps,
  { home, maxBackground }: RunningResponsesInit,
): RunningResponses {
  const entries = new Map<string, Entry>()
  let stopping: AppError | undefined

  function mayBegin({ background }: ResponseEcho, owner: string | null): void {
    if (stopping !== undefined) throw stopping
    if (!background) return
    const running = [...entries.values()].filter((entry) => entry.background)
    const own = running.filter((entry) => entry.owner === owner).length
    const verdict = judgeClaim({ total: maxBackground, taken: running.length, own, amount: 1 })
    if (verdict === 'full') {
      throw new AppError('node.overloaded', 'this node already works on as many background responses as it may')
    }
    if (verdict === 'over-share') throw overShare(own)
  }

  function end(entry: Entry, reason: AppError): Promise<void> {
    entry.abort.abort(reason)
    return entry.over
  }

  return {
    begin({ owner, echo, stream, input, describe, stamp, request, ...given }) {
      mayBegin(echo, owner)
      const rest = `${given.home ?? home()}_${stamp.digits('response')}`
      const id = `resp_${rest}`
      const itemId = (prefix: string, index: number): string => `${prefix}_${rest}_${index}`
      const state = createResponseState({ id, createdAt: Math.floor(stamp.createdUnixMs / 1000), echo, itemId })
      const abort = new AbortController()
      const over = Promise.withResolvers<void>()
      const { background } = echo
      const streamed = background && stream
      // Whoever asked may have lost the way to this node, and come back with the same request.
      const isNewest = (): boolean => entries.get(id) === entry
      const record = (): ResponseRecord => ({ owner, streamed, resource: state.resource(), input })
      async function keep(): Promise<void> {
        if (echo.store && isNewest()) await save(record())
      }
      function forget(): void {
        if (isNewest()) entries.delete(id)
        over.resolve()
      }
      async function withdraw(): Promise<void> {
        const saved = isNewest()
        if (saved) entries.delete(id)
        if (saved) await remove(id, owner)
        over.resolve()
      }
      const live = createLiveResponse(
        { state, abort, describe, now, save: keep, over: forget, withdraw: () => void withdraw() },
        { id, savesEarly: stream && !background },
      )
      const facts = { owner, abort, background, request, stored: echo.store }
      const entry: Entry = { live, streamed, record, over: over.promise, ...facts }
      const before = entries.get(id)
      entries.set(id, entry)
      before?.abort.abort(REPLACED)
      return entry
    },
    find(id, owner) {
      const entry = entries.get(id)
      return entry?.owner === owner && entry.stored ? entry : undefined
    },
    has: (id) => entries.get(id)?.stored === true,
    async cancel(id) {
      const entry = entries.get(id)
      if (entry !== undefined) await end(entry, CANCELLED)
    },
    async stop() {
      const reason = new AppError('node.stopping', 'the node is shutting down')
      stopping ??= reason
      await Promise.all([...entries.values()].map((entry) => end(entry, reason)))
    },
  }
}
