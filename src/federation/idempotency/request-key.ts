import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import { boundaryOf } from '../peek-multipart.ts'
import type { RoutedRequest } from '../routed-request.ts'

/** Which answer a request asks for, when its client has given it a name: `Idempotency-Key`. */
export interface RequestKey {
  /** SHA-256 of the caller and the name, hex: nobody learns the name from it, and callers do not meet. */
  readonly digest: string
  /** SHA-256 of what is asked, hex: the same name for something else is a mistake of the client. */
  readonly bodyHash: string
}

/** draft-ietf-httpapi-idempotency-key-header-07. A name may stand in quotes, as the draft has it, or not, as clients do. */
const KEY_HEADER_OF_CLIENTS = 'idempotency-key'

const NAME = /^(?:"([\x20\x21\x23-\x7e]{1,255})"|([\x20\x21\x23-\x7e]{1,255}))$/
const TEXT = /^([0-9a-f]{64})\.([0-9a-f]{64})$/

/** Undefined for a request without a name, and for one that leaves nothing to repeat. Throws `request.invalid`. */
export function keyOf(
  request: Pick<RoutedRequest, 'headers' | 'method' | 'target' | 'body' | 'owner'>,
): RequestKey | undefined {
  const { headers, method, target, body, owner = '' } = request
  const given = headers[KEY_HEADER_OF_CLIENTS]
  if (given === undefined || method !== 'POST' || body === undefined) return undefined
  const [, quoted, bare] = NAME.exec(String(given)) ?? []
  const name = quoted ?? bare
  if (name === undefined) {
    throw new AppError(
      'request.invalid',
      'Idempotency-Key must be 1 to 255 printable characters, none of them a quotation mark',
    )
  }
  return {
    digest: createHash('sha256')
      .update(JSON.stringify([owner, name]))
      .digest('hex'),
    bodyHash: createHash('sha256').update(`${target}\n`).update(withoutBoundary(headers, body)).digest('hex'),
  }
}

/** A client that sends a form again draws a new boundary. */
function withoutBoundary(headers: RoutedRequest['headers'], body: Uint8Array): Uint8Array {
  const boundary = boundaryOf(String(headers['content-type'] ?? ''))
  if (boundary === undefined) return body
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Buffer.from(bytes.toString('latin1').replaceAll(boundary, ''), 'latin1')
}

/** As members tell it to each other. */
export function toKeyText({ digest, bodyHash }: RequestKey): string {
  return `${digest}.${bodyHash}`
}

export function readKeyText(text: unknown): RequestKey | undefined {
  const [, digest, bodyHash] = TEXT.exec(typeof text === 'string' ? text : '') ?? []
  return digest === undefined || bodyHash === undefined ? undefined : { digest, bodyHash }
}

export function keyReused(): AppError {
  return new AppError('request.unprocessable', 'this Idempotency-Key was used for another request')
}
