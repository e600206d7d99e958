export interface DownloadProgress {
  /** Name of the file, relative to its folder. */
  readonly file: string
  readonly receivedBytes: number
  readonly totalBytes?: number
  /** 0 to 1; absent when the size is not known. */
  readonly fraction?: number
}

export type OnProgress = (progress: DownloadProgress) => void

export interface ProgressMeter {
  /** `receivedBytes` is the position reached, not a difference. */
  at(receivedBytes: number): void
}

const LEAST_STEP_BYTES = 256 * 1024
const STEPS = 200

/** Reports the first and the last byte, and in between no more than about `STEPS` times; the clock plays no part. */
export function createProgressMeter(
  report: OnProgress | undefined,
  file: string,
  totalBytes: number | undefined,
): ProgressMeter {
  const step = Math.max(LEAST_STEP_BYTES, (totalBytes ?? 0) / STEPS)
  let reported = -1
  return {
    at(receivedBytes) {
      const due = reported < 0 || receivedBytes - reported >= step || receivedBytes < reported
      const last = receivedBytes === totalBytes && reported !== receivedBytes
      if (report === undefined || (!due && !last)) return
      reported = receivedBytes
      const known = totalBytes === undefined || totalBytes === 0 ? {} : { totalBytes }
      const fraction = totalBytes === undefined || totalBytes === 0 ? {} : { fraction: receivedBytes / totalBytes }
      report({ file, receivedBytes, ...known, ...fraction })
    },
  }
}
