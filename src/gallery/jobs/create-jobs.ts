import { randomUUID } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { ended, isOver, type Job, type JobStep, type NewJob, newJob, stepped } from './job.ts'
import type { JobHistory } from './job-history.ts'

export interface JobTools {
  /** Aborts when the job is cancelled or the node stops. */
  readonly signal: AbortSignal
  readonly onStep: (step: JobStep) => void
}

export interface JobRequest extends Omit<NewJob, 'id'> {
  /** Jobs with the same key run one after the other, in the order they were given. */
  readonly key: string
  readonly work: (tools: JobTools) => Promise<void>
}

/**
 * Installations and removals that go on while the caller asks how far they are. Each kind has places of its own. What is
 * over stays in the list, and after a restart too, until newer jobs need its place.
 */
export interface Jobs extends Startable {
  /** Throws `node.overloaded` when too many wait. */
  submit(request: JobRequest): Job
  find(id: string): Job | undefined
  /** The job when it is over; undefined when it is unknown. Throws the signal's reason; the job goes on. */
  whenOver(id: string, options?: AbortOptions): Promise<Job | undefined>
  /** The oldest first. */
  list(): readonly Job[]
  /** False when it is over already, or unknown. The job is `cancelled` as soon as its work has ended. */
  cancel(id: string): boolean
  /** Forgets a job that is over; false for any other. */
  dismiss(id: string): boolean
}

export interface JobsDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly history: JobHistory
  readonly now?: () => number
}

export interface JobsInit {
  /** How many of a kind run at the same time. Default: 3 models, 1 backend. */
  readonly places?: Readonly<Record<Job['kind'], number>>
  /** How many may wait. Default 100. */
  readonly maxQueued?: number
  /** How many that are over are remembered. Default 200. */
  readonly maxOver?: number
}

interface Entry {
  job: Job
  readonly request?: JobRequest
  readonly stop: AbortController
  readonly over: PromiseWithResolvers<void>
}

const PLACES = { model: 3, backend: 1 } as const
const MAX_QUEUED = 100
const MAX_OVER = 200
const CUT_SHORT = { state: 'failed', error: 'the node ended before this was done' } as const

export function createJobs(deps: JobsDeps, init: JobsInit = {}): Jobs {
  const { log, history, now = Date.now } = deps
  const { places = PLACES, maxQueued = MAX_QUEUED, maxOver = MAX_OVER } = init
  const entries = new Map<string, Entry>()
  const running = new Set<Promise<void>>()
  let stopping = false

  function save(): void {
    const over = [...entries.values()].filter(({ job }) => isOver(job))
    for (const { job } of over.slice(0, Math.max(0, over.length - maxOver))) entries.delete(job.id)
    history.write([...entries.values()].map(({ job }) => job))
  }

  function end(entry: Entry, ending: Parameters<typeof ended>[1]): void {
    entry.job = ended(entry.job, ending, now())
    const { id, kind, action, subject, state, error } = entry.job
    const facts = { job: id, kind, action, subject }
    if (state === 'failed') log.warn({ ...facts, reason: error }, 'a job failed')
    else log.info({ ...facts, state }, 'a job is over')
    entry.over.resolve()
    save()
  }

  async function run(entry: Entry, { work }: Pick<JobRequest, 'work'>): Promise<void> {
    const { signal } = entry.stop
    entry.job = { ...entry.job, state: 'running' }
    save()
    function onStep(step: JobStep): void {
      if (entry.job.state === 'running') entry.job = stepped(entry.job, step)
    }
    try {
      await work({ signal, onStep })
      end(entry, { state: 'done' })
    } catch (error) {
      if (stopping) end(entry, CUT_SHORT)
      else if (signal.aborted) end(entry, { state: 'cancelled' })
      else end(entry, { state: 'failed', error: AppError.from(error, 'internal').message.slice(0, 4096) })
    }
  }

  function startNext(): void {
    if (stopping) return
    for (const entry of nextOf([...entries.values()], places)) {
      const work = run(entry, entry.request).finally(() => {
        running.delete(work)
        startNext()
      })
      running.add(work)
    }
  }

  return {
    submit(request) {
      const waiting = [...entries.values()].filter(({ job }) => job.state === 'queued')
      if (waiting.length >= maxQueued || stopping) {
        throw new AppError('node.overloaded', 'too many installations and removals wait already: try again later')
      }
      const { kind, action, subject } = request
      const job = newJob({ id: randomUUID(), kind, action, subject: subject.slice(0, 4096) }, now())
      const entry: Entry = { ...newEntry(job), request }
      entries.set(job.id, entry)
      save()
      // Later, so that the caller has the job as it was given.
      queueMicrotask(startNext)
      return job
    },
    find: (id) => entries.get(id)?.job,
    async whenOver(id, { signal } = {}) {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      if (!isOver(entry.job)) await raceSignal(entry.over.promise, signal)
      return entry.job
    },
    list: () => [...entries.values()].map(({ job }) => job),
    cancel(id) {
      const entry = entries.get(id)
      if (entry === undefined || isOver(entry.job)) return false
      entry.stop.abort(new AppError('request.cancelled', 'cancelled'))
      if (entry.job.state === 'queued') end(entry, { state: 'cancelled' })
      return true
    },
    dismiss(id) {
      const entry = entries.get(id)
      if (entry === undefined || !isOver(entry.job)) return false
      entries.delete(id)
      save()
      return true
    },
    async start() {
      const known = await history.read()
      const newer = [...entries.values()]
      entries.clear()
      for (const job of known) entries.set(job.id, newEntry(job))
      for (const entry of newer) entries.set(entry.job.id, entry)
    },
    async stop() {
      stopping = true
      const open = [...entries.values()].filter(({ job }) => !isOver(job))
      for (const { stop } of open) stop.abort(new AppError('node.stopping', 'the node is shutting down'))
      await Promise.all(running)
      for (const entry of open) if (!isOver(entry.job)) end(entry, CUT_SHORT)
      await history.written()
    },
  }
}

/** Those whose turn it is: a place of their kind is free, and nothing before them is about the same thing. */
function nextOf(
  entries: readonly Entry[],
  places: Readonly<Record<Job['kind'], number>>,
): readonly (Entry & { readonly request: JobRequest })[] {
  const free = { ...places }
  const keys = new Set<string>()
  const isMine = (entry: Entry): entry is Entry & { readonly request: JobRequest } => entry.request !== undefined
  const mine = entries.filter(isMine)
  for (const { job, request } of mine) {
    if (job.state !== 'running') continue
    free[job.kind] -= 1
    keys.add(request.key)
  }
  return mine.filter(({ job, request }) => {
    if (job.state !== 'queued') return false
    const blocked = keys.has(request.key) || free[job.kind] <= 0
    // One that waits holds back those behind it that are about the same thing.
    keys.add(request.key)
    if (!blocked) free[job.kind] -= 1
    return !blocked
  })
}

function newEntry(job: Job): Entry {
  return { job, stop: new AbortController(), over: Promise.withResolvers() }
}

/** Jobs about the same thing come one after the other, however its name is written. */
export function jobKey(name: string): string {
  return name
    .slice(name.indexOf('@') + 1)
    .replaceAll('/', '__')
    .toLowerCase()
}
