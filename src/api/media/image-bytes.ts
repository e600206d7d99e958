import { AppError } from '../../base/errors.ts'

const DATA_URI = /^data:[\w.+/-]{0,128}(?:;[\w.+=-]{1,64}){0,4};base64,/i
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * A picture that came as text: base64, or a data URI of it. Throws `request.invalid`; a picture elsewhere is
 * `request.unsupported`, since this node opens no address that a request names.
 */
export function imageBytes(text: string, param: string): Buffer {
  if (/^https?:/i.test(text)) {
    throw new AppError('request.unsupported', `${param}: send the picture itself, as base64 or as a data URI`, {
      details: { param },
    })
  }
  const encoded = text.replace(DATA_URI, '').replaceAll(/\s+/g, '')
  if (!BASE64.test(encoded)) {
    throw new AppError('request.invalid', `${param} must be base64, or a data URI of it`, { details: { param } })
  }
  return Buffer.from(encoded, 'base64')
}
