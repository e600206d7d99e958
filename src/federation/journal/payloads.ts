import { isObject } from '../../base/json.ts'

/** What an answer begins with; the payload of a `head` frame. */
export interface FramedHead {
  /** HTTP status. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  /** Whether another node may finish the answer. */
  readonly carriesOn: boolean
}

/** `headers` as Node takes them: numbers and lists are fine. */
export function toHeadPayload(head: Omit<FramedHead, 'headers'> & { readonly headers: object }): Buffer {
  return Buffer.from(JSON.stringify(head))
}

/** Undefined for what is no head. */
export function readHead(payload: Buffer): FramedHead | undefined {
  const head = readObject(payload)
  if (head === undefined || !isStatus(head['status']) || !isObject(head['headers'])) return undefined
  const texts = Object.entries(head['headers']).map(([name, value]) => [name, toHeaderText(value)])
  return {
    status: head['status'],
    headers: Object.fromEntries(texts),
    carriesOn: head['carriesOn'] === true,
  }
}

export function toFailurePayload(code: string): Buffer {
  return Buffer.from(JSON.stringify({ code }))
}

/** The code with which a node gave up; undefined when it says none that is fit to be shown. */
export function readFailure(payload: Buffer): string | undefined {
  const code = readObject(payload)?.['code']
  return typeof code === 'string' && /^[a-z]{1,20}([.-][a-z]{1,20}){0,4}$/.test(code) ? code : undefined
}

/** Of a whole answer: none below 200 is (RFC 9110 section 15.2). */
function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value < 600
}

function readObject(payload: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function toHeaderText(value: unknown): string | string[] {
  return Array.isArray(value) ? value.map(String) : String(value)
}
