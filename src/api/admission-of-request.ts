import type { IncomingHttpHeaders } from 'node:http'
import { peekText } from '../federation/peek-request.ts'
import type { Priority } from '../federation/priority.ts'
import type { RoutedRequest } from '../federation/routed-request.ts'

/** `high`, `normal` or `low`. */
const PRIORITY_HEADER = 'x-localai-priority'

/** OpenAI's words for it; any other tier is the usual one. */
const TIERS: ReadonlyMap<string, Priority> = new Map([
  ['priority', 'high'],
  ['flex', 'low'],
])

/** Where clients say how long they wait for an answer to begin, and in which unit. The last two: the vendors' own SDKs. */
const PATIENCE_HEADERS = [
  ['x-request-timeout-ms', 1],
  ['x-stainless-timeout', 1000],
  ['x-stainless-read-timeout', 1000],
] as const

/** A day: what is longer is no limit. */
const MAX_PATIENCE_MS = 86_400_000

/**
 * How urgent a request is and when its client gives up, as it says itself; what cannot be read is as if it were not there.
 * Every client is believed, because the urgent ones only get more of the turns (`federation/priority.ts`). Never throws.
 */
export function admissionOf(
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: Buffer | undefined },
  now: number,
): Pick<RoutedRequest, 'priority' | 'giveUpAt'> {
  const priority = priorityOf(headers, body)
  const patience = PATIENCE_HEADERS.flatMap(([name, unitMs]) => msOf(headers[name], unitMs) ?? [])
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(patience.length === 0 ? {} : { giveUpAt: now + Math.min(...patience) }),
  }
}

function priorityOf(headers: IncomingHttpHeaders, body: Buffer | undefined): Priority | undefined {
  const told = String(headers[PRIORITY_HEADER] ?? '').toLowerCase()
  if (told === 'high' || told === 'normal' || told === 'low') return told
  // Most bodies do not say it, and that is found out faster than where they would.
  if (body?.includes('"service_tier"') !== true) return undefined
  return TIERS.get(peekText(body, 'service_tier') ?? '')
}

function msOf(value: string | string[] | undefined, unitMs: number): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,9}(\.\d{1,6})?$/.test(value)) return undefined
  const ms = Number(value) * unitMs
  return ms > 0 && ms <= MAX_PATIENCE_MS ? ms : undefined
}
