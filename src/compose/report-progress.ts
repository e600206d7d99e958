import type { Logger } from '../telemetry/logger.ts'

interface Step {
  readonly file: string
  readonly receivedBytes: number
  readonly totalBytes?: number
}

/** Turns the progress of a download into a log line for every tenth part of every file. */
export function reportProgress(log: Pick<Logger, 'info'>): (step: Step) => void {
  const tenths = new Map<string, number>()
  return ({ file, receivedBytes, totalBytes }) => {
    const tenth = totalBytes === undefined ? 0 : Math.floor((10 * receivedBytes) / totalBytes)
    if (tenths.get(file) === tenth) return
    tenths.set(file, tenth)
    if (totalBytes === undefined) log.info({ file }, 'downloading')
    else log.info({ file, percent: tenth * 10, megabytes: Math.round(totalBytes / 1e6) }, 'downloading')
  }
}
