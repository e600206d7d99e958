import { JOURNAL_HEADER, RESUME_HEADER } from './journal/frames.ts'
import {
  CALLER_HEADER,
  HOME_HEADER,
  KEY_HEADER,
  NOT_STARTED_HEADER,
  type RoutedAnswer,
  type RoutedRequest,
  STAMP_HEADER,
  TAKEN_OVER_HEADER,
} from './routed-request.ts'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** RFC 9110 section 7.6.1, with what older software still sends. `Connection` may name more. */
const HOP_BY_HOP = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** What opens doors at this node is nothing for another one. */
const CREDENTIALS = ['authorization', 'cookie', 'x-api-key', 'xi-api-key']

const NOT_IN_REQUESTS = new Set([
  ...HOP_BY_HOP,
  ...CREDENTIALS,
  // The length is told anew with the body; nobody waits for a 100.
  'content-length',
  'expect',
  'x-correlation-id',
  // What this node explains is nothing to the next.
  'x-localai-explain',
  CALLER_HEADER,
  STAMP_HEADER,
  TAKEN_OVER_HEADER,
  HOME_HEADER,
  KEY_HEADER,
  JOURNAL_HEADER,
  RESUME_HEADER,
])

/** A member has no business setting cookies at this node's address. */
const NOT_IN_ANSWERS = new Set([...HOP_BY_HOP, 'set-cookie', NOT_STARTED_HEADER])

/** What a peer gets of the client's headers. */
export function toPeerHeaders({
  headers,
  id,
  owner,
  stamp,
  key,
}: Pick<RoutedRequest, 'headers' | 'id' | 'owner' | 'stamp' | 'key'>): Record<string, string | string[]> {
  const own = {
    'x-correlation-id': id,
    ...(owner === undefined ? {} : { [CALLER_HEADER]: owner }),
    ...(stamp === undefined ? {} : { [STAMP_HEADER]: stamp }),
    ...(key === undefined ? {} : { [KEY_HEADER]: key }),
  }
  return { ...without(headers, NOT_IN_REQUESTS), ...own }
}

/** What the client gets of a peer's headers. */
export function fromPeerHeaders(headers: Headers): RoutedAnswer['headers'] {
  return without(headers, NOT_IN_ANSWERS)
}

function without(headers: Headers, dropped: ReadonlySet<string>): Record<string, string | string[]> {
  const named = connectionOptions(headers['connection'])
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (value === undefined || dropped.has(lower) || named.includes(lower)) continue
    kept[lower] = typeof value === 'string' ? value : [...value]
  }
  return kept
}

function connectionOptions(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return String(value)
    .split(',')
    .map((option) => option.trim().toLowerCase())
}
