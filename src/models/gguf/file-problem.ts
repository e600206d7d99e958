import { AppError } from '../../base/errors.ts'

type Details = Readonly<Record<string, string | number | boolean>>

/** What is wrong with a model file, as the end of a sentence that begins with its name. */
export function fileProblem(reason: string, details: Details = {}): AppError {
  return new AppError('model.file-invalid', reason, { details: { ...details, reason } })
}

/** A name out of a file nobody vouches for, made fit for a message: quoted, no control characters, not long. */
export function quoted(text: string): string {
  const plain = text.replace(/\p{C}/gu, '?')
  return JSON.stringify(plain.length > 80 ? `${plain.slice(0, 80)}…` : plain)
}
