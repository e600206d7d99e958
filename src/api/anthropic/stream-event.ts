import type { StreamEvent } from './response-schema.ts'

/** One server-sent event; its name is said twice, as Anthropic does. */
export function toEventText(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
