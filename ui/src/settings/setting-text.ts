import { ApiError } from '../api.ts'
import { type FieldValue, linesIn } from './field-value.ts'

/** Back again, in the form that the setting has now. Throws `ApiError` with the key. */
export function fromField(key: string, field: FieldValue, before: unknown): unknown {
  if (typeof field === 'boolean') return field
  if (typeof before === 'number') return numberIn(key, field)
  if (!Array.isArray(before)) return field
  return isJsonList(key) ? jsonIn(key, field) : linesIn(field)
}

/** Fields with more than one line. */
export function isLong(key: string, value: unknown): boolean {
  return Array.isArray(value) || isJsonList(key)
}

/** The node names the key in its sentence. */
export function keyToBlame(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  return error.param ?? /^Invalid (?<key>\w+) format/.exec(error.message)?.groups?.['key']
}

/** An empty list looks the same, whatever would be in it. */
function isJsonList(key: string): boolean {
  return key.endsWith('galleries') && !key.startsWith('autoload')
}

function numberIn(key: string, text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw new ApiError('A number is wanted', { status: 400, param: key })
  return number
}

function jsonIn(key: string, text: string): unknown {
  try {
    return JSON.parse(text.trim() === '' ? '[]' : text)
  } catch {
    throw new ApiError('This is no JSON', { status: 400, param: key })
  }
}
