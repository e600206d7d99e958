import { AppError } from '../base/errors.ts'

/**
 * What cannot be printed throws nothing at whoever printed it: a reader may stop early (`| head -1`), and that ends neither
 * a download nor a node. Where it could not be kept (a disk that is full), `tell` is told, once.
 */
export function guardOutput(tell: (error: AppError) => void): void {
  let told = false
  process.stdout.on('error', ({ code = 'unwritable' }: NodeJS.ErrnoException) => {
    if (told || code === 'EPIPE') return
    told = true
    tell(new AppError('storage.failed', `not everything could be printed (${code})`))
  })
  // Nobody is left to be told.
  process.stderr.on('error', () => {})
}
