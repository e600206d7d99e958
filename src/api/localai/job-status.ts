import { Type } from 'typebox'
import { formatBytes } from '../../base/format-bytes.ts'
import type { Job } from '../../gallery/jobs/job.ts'

/** LocalAI's object for an installation or removal, and behind its fields ours. */
export const JobStatus = Type.Object({
  deletion: Type.Boolean(),
  file_name: Type.String(),
  error: Type.Union([Type.String(), Type.Null()]),
  /** True at the end, however it ended. */
  processed: Type.Boolean(),
  message: Type.String(),
  /** 0 to 100. */
  progress: Type.Number(),
  file_size: Type.String(),
  downloaded_size: Type.String(),
  gallery_element_name: Type.String(),
  cancelled: Type.Boolean(),
  cancellable: Type.Boolean(),
  phase: Type.String(),
  current_bytes: Type.Number(),
  total_bytes: Type.Number(),
})
export type JobStatus = Type.Static<typeof JobStatus>

export function toJobStatus(job: Job): JobStatus {
  const over = job.endedUnixMs !== undefined
  return {
    deletion: job.action === 'delete',
    file_name: job.file ?? '',
    error: job.error ?? null,
    processed: over,
    message: job.message,
    progress: job.percent,
    file_size: job.totalBytes === undefined ? '' : formatBytes(job.totalBytes),
    downloaded_size: job.receivedBytes === 0 ? '' : formatBytes(job.receivedBytes),
    gallery_element_name: job.subject,
    cancelled: job.state === 'cancelled',
    cancellable: !over,
    phase: job.state,
    current_bytes: job.receivedBytes,
    total_bytes: job.totalBytes ?? 0,
  }
}

/** What the web interface lists while jobs run, and of those that failed until somebody has seen it. */
export const Operation = Type.Object({
  id: Type.String(),
  name: Type.String(),
  fullName: Type.String(),
  jobID: Type.String(),
  progress: Type.Number(),
  taskType: Type.Union([Type.Literal('installation'), Type.Literal('deletion')]),
  isDeletion: Type.Boolean(),
  isBackend: Type.Boolean(),
  isQueued: Type.Boolean(),
  isCancelled: Type.Boolean(),
  cancellable: Type.Boolean(),
  message: Type.String(),
  error: Type.Optional(Type.String()),
})
export type Operation = Type.Static<typeof Operation>

export function toOperation(job: Job): Operation {
  const deletion = job.action === 'delete'
  return {
    id: job.subject,
    name: job.subject.slice(job.subject.indexOf('@') + 1),
    fullName: job.subject,
    jobID: job.id,
    progress: job.percent,
    taskType: deletion ? 'deletion' : 'installation',
    isDeletion: deletion,
    isBackend: job.kind === 'backend',
    isQueued: job.state === 'queued',
    isCancelled: job.state === 'cancelled',
    cancellable: job.endedUnixMs === undefined,
    message: job.message,
    ...(job.error === undefined ? {} : { error: job.error }),
  }
}

/** By the id or the bare name of what a job is about; the newest that is not over. */
export function openJobs(jobs: readonly Job[], kind: Job['kind']): ReadonlyMap<string, Job> {
  const open = jobs.filter((job) => job.kind === kind && job.endedUnixMs === undefined)
  return new Map(open.flatMap((job) => [[job.subject, job] as const, [bareName(job.subject), job] as const]))
}

export function bareName(id: string): string {
  return id.slice(id.indexOf('@') + 1)
}
