import type { InferenceEvent } from '../../inference/events.ts'
import type { EventStreamFormat } from '../sse.ts'
import { createBlockWriter } from './content-blocks.ts'
import { toErrorEvent } from './errors.ts'
import { type MessageRendering, toEmptyMessage, toEnding, toUsage } from './from-inference.ts'
import { toEventText } from './stream-event.ts'

/**
 * A message as server-sent events, in Anthropic's order. How many tokens the prompt had is known at the end only, and
 * `message_delta` tells it; its counts are those of the whole message.
 */
export function createMessageStream(rendering: MessageRendering): EventStreamFormat<InferenceEvent> {
  const blocks = createBlockWriter(rendering)
  return {
    opening: toEventText({ type: 'message_start', message: toEmptyMessage(rendering.head) }),
    keepAlive: toEventText({ type: 'ping' }),
    render(event) {
      if (event.type !== 'finish') return blocks.push(event).map(toEventText).join('')
      const ending = { type: 'message_delta', delta: toEnding(event, rendering), usage: toUsage(event) } as const
      return [...blocks.end(), ending].map(toEventText).join('')
    },
    fail: (error) => toErrorEvent(error, rendering.requestId),
    closing: (failed) => (failed ? '' : toEventText({ type: 'message_stop' })),
  }
}
