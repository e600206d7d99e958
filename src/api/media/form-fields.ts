import Type from 'typebox'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { FormFile } from '../form-body.ts'

/** A file of a form, in a schema. Whether it is one must be asked with `fileIn`: a schema knows no bytes. */
export const FileField = Type.Unknown({ contentMediaType: 'application/octet-stream', description: 'a file' })

/** The file, or the first of several; undefined for anything that is none. */
export function fileIn(value: unknown): FormFile | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  return isFile(first) ? first : undefined
}

export function filesIn(value: unknown): readonly FormFile[] {
  return (Array.isArray(value) ? value : [value]).filter(isFile)
}

function isFile(value: unknown): value is FormFile {
  return isObject(value) && Buffer.isBuffer(value['bytes'])
}

/** Fields of a form are texts. Throws `request.invalid` for what is no number, or none that may be. */
export function numberIn(
  text: string | undefined,
  { param, minimum, maximum, whole = true }: NumberRule,
): number | undefined {
  if (text === undefined || text === '') return undefined
  const number = /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN
  const fits = number >= minimum && number <= maximum && (!whole || Number.isInteger(number))
  if (fits) return number
  const kind = whole ? 'a whole number' : 'a number'
  throw new AppError('request.invalid', `${param} must be ${kind} from ${minimum} to ${maximum}`, {
    details: { param },
  })
}

interface NumberRule {
  readonly param: string
  readonly minimum: number
  readonly maximum: number
  readonly whole?: boolean
}

/** LocalAI: anything but `false` means yes; absent and empty mean no. */
export function isOn(text: string | undefined): boolean {
  return text !== undefined && text !== '' && text.toLowerCase() !== 'false'
}
