import { NOT_STARTED_HEADER, type RoutedAnswer } from '../../federation/routed-request.ts'
import { EXPLAIN_HEADER } from '../explain.ts'
import { NODE_HEADER, toHeaderValue } from '../node-header.ts'

const TRIES_HEADER = 'x-localai-tries'

/**
 * What a member may not say through this node: what this node says itself, what is between the nodes only, and what
 * would act on a browser for this node's whole origin.
 */
const NOT_PASSED_ON = new Set([
  NODE_HEADER,
  TRIES_HEADER,
  EXPLAIN_HEADER,
  NOT_STARTED_HEADER,
  'x-correlation-id',
  'set-cookie',
  'clear-site-data',
  'strict-transport-security',
  'content-security-policy',
  'x-frame-options',
  'x-content-type-options',
  'www-authenticate',
  'alt-svc',
  'link',
  'location',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
])

/** What a browser shows without ever running anything of it. */
const HARMLESS =
  /^(?:application\/(?:json|octet-stream)|text\/(?:event-stream|plain)|audio\/[\w.+-]+|video\/[\w.+-]+|image\/(?!svg)[\w.-]+) *(?:;[^,]*)?$/i
/** A member's page would act as whoever is signed in here: it gets an origin of its own, and no scripts. */
const SANDBOX = "sandbox; default-src 'none'"

/** The serving node's headers for the client, over those that this node had prepared. */
export function answerHeaders(
  prepared: Readonly<Record<string, number | string | readonly string[] | undefined>>,
  answer: Pick<RoutedAnswer, 'headers' | 'attempts' | 'node'>,
): Record<string, number | string | string[]> {
  const headers: Record<string, number | string | string[]> = {}
  const passed = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const told = passed.filter(([name]) => !NOT_PASSED_ON.has(name) && !name.startsWith('access-control-'))
  for (const [name, value] of [...Object.entries(prepared), ...told]) {
    if (value !== undefined) headers[name] = typeof value === 'object' ? [...value] : value
  }
  if (!HARMLESS.test(String(headers['content-type'] ?? ''))) headers['content-security-policy'] = SANDBOX
  // A new session is in no cache, whatever a member says.
  const caching = prepared['cache-control']
  if (caching !== undefined) headers['cache-control'] = String(caching)
  // Only where this node would have named itself.
  if (prepared[NODE_HEADER] !== undefined) headers[NODE_HEADER] = toHeaderValue(answer.node.name)
  if (answer.attempts.length > 1) headers[TRIES_HEADER] = String(answer.attempts.length)
  return headers
}
