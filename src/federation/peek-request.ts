import { topLevelText } from './peek-json.ts'
import { boundaryOf, formField } from './peek-multipart.ts'

export interface PeekedRequest {
  /** Path and query. */
  readonly target: string
  readonly contentType: string | undefined
  readonly body: Uint8Array | undefined
}

/** Names beyond this many characters are no names. */
const MAX_NAME = 1024

const ENGINE_PATH = /^\/v1\/engines\/([^/?]+)\/(?:completions|embeddings)\/?(?:\?|$)/

/** ElevenLabs' routes call it otherwise. */
const MODEL_ID_PATH = /^\/v1\/(?:text-to-speech|sound-generation)(?:[/?]|$)/

/**
 * The model that a request names; undefined when it names none, or in a way that nobody can read. Looks where LocalAI
 * does, in its order: JSON body, path, query, form. Never throws, whatever the bytes are, and reads the body in place.
 * Every forwarded request passes through here: `bench/forward.ts` measures it.
 */
export function peekRequest({ target, contentType = '', body }: PeekedRequest): string | undefined {
  const bytes = body === undefined ? undefined : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const boundary = boundaryOf(contentType)
  const key = MODEL_ID_PATH.test(target) ? 'model_id' : 'model'
  const fromBody = bytes === undefined || boundary !== undefined ? undefined : toName(topLevelText(bytes, key))
  const named = fromBody ?? modelOfPath(target) ?? modelOfQuery(target)
  if (named !== undefined || bytes === undefined || boundary === undefined) return named
  return toName(formField(bytes, boundary, key))
}

/** A text at the top level of a JSON body; undefined when it has none under that key. Never throws. */
export function peekText(body: Uint8Array, key: string): string | undefined {
  return topLevelText(Buffer.from(body.buffer, body.byteOffset, body.byteLength), key)
}

function modelOfPath(target: string): string | undefined {
  const encoded = ENGINE_PATH.exec(target)?.[1]
  if (encoded === undefined) return undefined
  try {
    return toName(decodeURIComponent(encoded))
  } catch {
    return undefined
  }
}

function modelOfQuery(target: string): string | undefined {
  const start = target.indexOf('?')
  return start === -1 ? undefined : toName(new URLSearchParams(target.slice(start)).get('model') ?? '')
}

/** Empty is the same as absent, as in LocalAI. */
function toName(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text.length > MAX_NAME ? undefined : text
}
