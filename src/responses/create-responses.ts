import type { Startable } from '../base/lifecycle.ts'
import { NewestSet } from '../base/newest-map.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { RoundEvent } from '../inference/events.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createEventLogs, type EventLogs, type EventLogsInit } from './event-log.ts'
import { type EventText, type ResponseEvent, toEventText } from './events.ts'
import type { Item } from './items.ts'
import { isFinished, type ResponseResource } from './resource.ts'
import { givesWay, NOBODY_LISTENS, type ResponsesEvents } from './response-copy.ts'
import { createResponseFiles, type ResponseFilesDeps } from './response-files.ts'
import type { ResponseRecord } from './response-record.ts'
import { createResponseStore, type ResponseStore, type ResponseStoreInit } from './response-store.ts'
import {
  createRunningResponses,
  type NewResponse,
  type RunningResponse,
  type RunningResponsesInit,
} from './running-responses.ts'

export interface ResponsesDeps extends ResponseFilesDeps {
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Unix milliseconds; by default the system's clock. */
  readonly now?: () => number
  /** Absent: nobody keeps copies of what is here. */
  readonly events?: ResponsesEvents
}

export interface ResponsesInit extends ResponseStoreInit, EventLogsInit, RunningResponsesInit {
  readonly folder: string
}

const MEBIBYTE = 1024 ** 2

export const RESPONSES_DEFAULTS = {
  maxCount: 8192,
  maxTotalBytes: 1024 * MEBIBYTE,
  maxFileBytes: 64 * MEBIBYTE,
  maxUnwrittenBytes: 64 * MEBIBYTE,
  maxEvents: 8192,
  maxTotalLength: 64 * MEBIBYTE,
  maxBackground: 512,
} as const satisfies Partial<ResponsesInit>

/** All responses of this node, those that are being made and those that are kept. */
export interface Responses extends Startable {
  /** Throws as `RunningResponses.begin` does. */
  begin(init: NewResponse): RunningResponse
  /**
   * Works a background response off whether or not anybody reads along. Never throws: a failure is given back. To be
   * called at once after `begin`, so that the first events are there for whoever reads along.
   */
  runInBackground(running: RunningResponse, answer: AsyncIterable<RoundEvent>): Promise<unknown>
  /** Undefined when there is none of this owner. Throws `internal` when it cannot be read. */
  find(id: string, owner: string | null): Promise<ResponseRecord | undefined>
  /** Ends a response that is being made; any other stays as it is. */
  cancel(id: string, owner: string | null): Promise<ResponseResource | undefined>
  /** False when there was none of this owner. */
  remove(id: string, owner: string | null): Promise<boolean>
  /** Whether there is one, whoever owns it, and whether it is finished. */
  stateOf(id: string): 'finished' | 'unfinished' | undefined
  /** Keeps another node's version. False when the one that is here stays. */
  adopt(record: ResponseRecord): Promise<boolean>
  /** As `remove`; it is not told to those who keep copies. */
  forget(id: string, owner: string | null): Promise<boolean>
  /** The events of a background stream, whoever owns it: see `EventLogs.read`. */
  events(id: string, after: number, options?: AbortOptions): AsyncGenerator<EventText, void>
}

/** Bounds of the pause between two looks for expired responses. */
const SWEEP_MS = { least: 1000, most: 3_600_000 }
/** What could not be written is tried again so often. */
const WRITE_AGAIN_MS = 5000

export function createResponses(
  { log, makeParent, now = Date.now, events = NOBODY_LISTENS }: ResponsesDeps,
  init: ResponsesInit,
): Responses {
  const files = createResponseFiles({ log, makeParent }, init)
  const store = createResponseStore({ files, log, now }, init)
  const logs = createEventLogs(init)
  const running = createRunningResponses({ save, remove: store.remove, now }, init)
  const deleted = new NewestSet<string>(MAX_DELETED)
  let sweep: NodeJS.Timeout | undefined
  let again: NodeJS.Timeout | undefined
  let stopping = false

  async function save(record: ResponseRecord): Promise<void> {
    await store.save(record)
    const givenUp = stopping && record.resource.status !== 'completed'
    if (isFinished(record.resource) && !givenUp) events.finished(record)
  }

  async function forget(id: string, owner: string | null): Promise<boolean> {
    const wasRunning = running.find(id, owner) !== undefined
    if (wasRunning) {
      deleted.add(id)
      await running.cancel(id)
    }
    const wasStored = await store.remove(id, owner)
    if (!wasRunning && !wasStored) return false
    deleted.add(id)
    logs.forget(id)
    return true
  }

  return {
    begin: running.begin,
    async runInBackground(begun, answer) {
      // So that it is known after a crash.
      const record = begun.record()
      void store.save(record)
      if (begun.request !== undefined) events.begun(record, begun.request)
      const failure = await workOff(begun, answer, logs)
      await begun.over
      return failure
    },
    async start() {
      await giveUpLeftovers(store, init.home())
      await store.removeExpired()
      again = setInterval(() => void store.writeAgain(), WRITE_AGAIN_MS)
      again.unref()
      if (init.ttlMs === 0) return
      const pauseMs = Math.min(SWEEP_MS.most, Math.max(SWEEP_MS.least, init.ttlMs / 2))
      sweep = setInterval(() => void store.removeExpired(), pauseMs)
      sweep.unref()
    },
    async stop() {
      clearInterval(sweep)
      clearInterval(again)
      stopping = true
      await running.stop()
      await store.writeAgain()
    },
    find: async (id, owner) => running.find(id, owner)?.record() ?? (await store.find(id, owner)),
    async cancel(id, owner) {
      const found = running.find(id, owner)
      if (found === undefined || isFinished(found.live.resource())) return (await store.find(id, owner))?.resource
      await running.cancel(id)
      return found.live.resource()
    },
    async remove(id, owner) {
      const removed = await forget(id, owner)
      if (removed) events.removed(id, owner)
      return removed
    },
    forget,
    stateOf: (id) => (running.has(id) ? 'unfinished' : store.stateOf(id)),
    async adopt(record) {
      const { id } = record.resource
      if (deleted.has(id) || running.has(id)) return false
      const here = await store.read(id)
      if (here !== undefined && !givesWay(here, record)) return false
      await store.save(record)
      return true
    },
    events: logs.read,
  }
}

async function workOff(
  { live, streamed, record }: Pick<RunningResponse, 'live' | 'streamed' | 'record'>,
  answer: AsyncIterable<RoundEvent>,
  logs: EventLogs,
): Promise<unknown> {
  const log = streamed ? logs.begin(live.id, record().owner) : undefined
  const tell = (events: readonly ResponseEvent[]): void => {
    if (log !== undefined) for (const event of events) log.append(toEventText(event))
  }
  tell(live.opening())
  try {
    for await (const event of live.follow(answer)) tell([event])
    return undefined
  } catch (error) {
    tell(live.fail(error))
    return error
  } finally {
    log?.end()
  }
}

/** What was deleted must not come back with another node's copy. */
const MAX_DELETED = 8192

/** In the ids of a node that was in no network then. */
const ALONE = '0'.repeat(10)

/** What was being made when the node last ended, however that was. */
async function giveUpLeftovers(store: ResponseStore, home: string): Promise<void> {
  const message = 'the node was restarted while it worked on this response'
  const error = { type: 'server_error', code: 'server_error', message, param: '' }
  for (const id of await store.load()) {
    const record = await store.read(id).catch(() => undefined)
    if (record === undefined) continue
    if (![home, ALONE].some((own) => id.startsWith(`resp_${own}_`))) {
      // Another node works on it, or whoever has taken it over.
      await store.remove(id, record.owner)
      continue
    }
    const output = record.resource.output.map((item): Item => ({ ...item, status: 'incomplete' }))
    await store.save({ ...record, resource: { ...record.resource, status: 'failed', error, output } })
  }
}
