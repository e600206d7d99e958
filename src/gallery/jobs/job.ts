import { formatBytes } from '../../base/format-bytes.ts'

/** One installation or removal. What happened to it is told as plain data that can be kept and sent. */
export interface Job {
  readonly id: string
  readonly kind: 'model' | 'backend'
  readonly action: 'install' | 'delete'
  /** What it is about, as the caller named it: a gallery id, a name, or a URI without its query. */
  readonly subject: string
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  /** For people: what it does right now, or how it ended. */
  readonly message: string
  /** The file it works on. */
  readonly file?: string
  /** 0 to 100, over all files. */
  readonly percent: number
  /** Of the file it works on. */
  readonly receivedBytes: number
  readonly totalBytes?: number
  readonly error?: string
  readonly createdUnixMs: number
  readonly endedUnixMs?: number
}

/** How far the work is: `fileNumber` of `fileCount`, both from 1. */
export interface JobStep {
  readonly file: string
  readonly receivedBytes: number
  readonly totalBytes?: number
  readonly fileNumber?: number
  readonly fileCount?: number
  /** `receivedBytes` and `totalBytes` count steps of some work instead. */
  readonly unit?: 'steps'
}

export type NewJob = Pick<Job, 'id' | 'kind' | 'action' | 'subject'>

export function newJob(facts: NewJob, nowUnixMs: number): Job {
  return {
    ...facts,
    state: 'queued',
    message: `processing ${facts.kind}: ${facts.subject}`,
    percent: 0,
    receivedBytes: 0,
    createdUnixMs: nowUnixMs,
  }
}

/** LocalAI's sentence for a download. */
export function stepped(job: Job, step: JobStep): Job {
  const { file, receivedBytes, totalBytes, fileNumber = 1, fileCount = 1 } = step
  const fraction = totalBytes === undefined || totalBytes === 0 ? 0 : Math.min(1, receivedBytes / totalBytes)
  const percent = Math.floor((10_000 * (fileNumber - 1 + fraction)) / Math.max(1, fileCount)) / 100
  const total = totalBytes === undefined ? 'unknown' : formatBytes(totalBytes)
  const { totalBytes: _before, ...rest } = job
  if (step.unit === 'steps') {
    const place = totalBytes === undefined ? '' : ` (${receivedBytes} of ${totalBytes})`
    return { ...rest, file, percent: Math.max(job.percent, percent), receivedBytes: 0, message: `${file}${place}` }
  }
  return {
    ...rest,
    file,
    // A source that fails is followed by another one, which begins anew.
    percent: Math.max(job.percent, Math.min(100, percent)),
    receivedBytes,
    ...(totalBytes === undefined ? {} : { totalBytes }),
    message: `processing file: ${file}. Total: ${total}. Current: ${formatBytes(receivedBytes)}`,
  }
}

export type Ending = { readonly state: 'done' | 'cancelled' } | { readonly state: 'failed'; readonly error: string }

export function ended(job: Job, ending: Ending, nowUnixMs: number): Job {
  const common = { ...job, state: ending.state, endedUnixMs: nowUnixMs }
  switch (ending.state) {
    case 'done':
      return { ...common, percent: 100, message: 'completed' }
    case 'cancelled':
      return { ...common, message: 'cancelled' }
    case 'failed':
      return { ...common, message: `error: ${ending.error}`, error: ending.error }
  }
}

export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}
