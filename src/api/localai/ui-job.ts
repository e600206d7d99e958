import { Type } from 'typebox'
import type { Job } from '../../gallery/jobs/job.ts'
import { toJobStatus } from './job-status.ts'

/** A job as the web interface polls it. */
export const UiJob = Type.Object({
  progress: Type.Number(),
  message: Type.String(),
  galleryElementName: Type.String(),
  processed: Type.Boolean(),
  deletion: Type.Boolean(),
  queued: Type.Boolean(),
  cancelled: Type.Boolean(),
  cancellable: Type.Boolean(),
  fileName: Type.String(),
  fileSize: Type.String(),
  downloadedSize: Type.String(),
  completed: Type.Optional(Type.Boolean()),
  error: Type.Optional(Type.String()),
})
type UiJob = Type.Static<typeof UiJob>

/** LocalAI counts a job that it does not know as one that waits. */
export function toUiJob(job: Job | undefined): UiJob {
  if (job === undefined) return { ...UNKNOWN }
  const status = toJobStatus(job)
  return {
    progress: status.progress,
    message: status.message,
    galleryElementName: status.gallery_element_name,
    processed: status.processed,
    deletion: status.deletion,
    queued: job.state === 'queued',
    cancelled: status.cancelled,
    cancellable: status.cancellable,
    fileName: status.file_name,
    fileSize: status.file_size,
    downloadedSize: status.downloaded_size,
    ...(job.state === 'done' ? { completed: true } : {}),
    ...(job.error === undefined ? {} : { error: job.error }),
  }
}

const UNKNOWN: UiJob = {
  progress: 0,
  message: 'Operation queued',
  galleryElementName: '',
  processed: false,
  deletion: false,
  queued: true,
  cancelled: false,
  cancellable: false,
  fileName: '',
  fileSize: '',
  downloadedSize: '',
}
