import type { RoutedRequest } from '../routed-request.ts'

/** What gateways and agents name a conversation by, the most telling first. */
const HEADERS = [
  'x-session-affinity',
  'x-session-id',
  'session-id',
  'session_id',
  'x-claude-code-session-id',
  'x-litellm-session-id',
]

const MAX_LENGTH = 256

/** What the request belongs to, apart from what others call the same; undefined when it says nothing of it. */
export function sessionOf(
  { headers, caller = '' }: Pick<RoutedRequest, 'headers' | 'caller'>,
  fromBody: string | undefined,
): string | undefined {
  let session = fromBody
  for (const name of HEADERS) {
    const value = headers[name]
    if (typeof value !== 'string' || value === '' || value.length > MAX_LENGTH) continue
    session = value
    break
  }
  return session === undefined ? undefined : `${caller} ${session}`
}
