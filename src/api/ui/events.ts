import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Access } from '../access/access.ts'
import { clientGone } from '../client-gone.ts'
import { toAppError } from '../error-response.ts'
import { type EventStreamFormat, type EventStreamLimits, sendEventStream } from '../sse.ts'
import { LiveUpdate } from './event-schema.ts'
import type { LiveFeed } from './live-feed.ts'

export interface EventsDeps extends Pick<Access, 'mayManage'> {
  readonly feed: LiveFeed
  readonly streamLimits: EventStreamLimits
  /** Aborts when the node begins to stop: this stream would never end by itself. */
  readonly stopping: AbortSignal
}

/** A page asks again then, and shows its key again: one that was taken back does not watch for ever. */
const LONGEST_MS = 10 * 60_000
const RETRY_MS = 1000

/** Ours: one stream of everything that pages show and that changes. */
export const events: FastifyPluginAsyncTypebox<EventsDeps> = async (
  app,
  { feed, mayManage, streamLimits, stopping },
) => {
  app.get(
    '/api/events',
    {
      schema: { tags: ['ui'], summary: 'What happens on this node and in its network' },
      config: { events: LiveUpdate },
    },
    async (request, reply) => {
      // Of a stream without an end there is nothing to count.
      if (request.method === 'HEAD') return await reply.type('text/event-stream').send()
      const signal = AbortSignal.any([clientGone(reply), stopping, AbortSignal.timeout(LONGEST_MS)])
      const updates = feed.watch({ manages: mayManage(request) }, { signal })
      await sendEventStream(reply, updates, { format: FORMAT, limits: streamLimits, signal })
      return reply
    },
  )
}

const FORMAT: EventStreamFormat<LiveUpdate> = {
  opening: `retry: ${RETRY_MS}\n\n`,
  // A comment would not be told to the page, which could not know whether the node is still there.
  keepAlive: 'data: {}\n\n',
  render: (update) => `data: ${JSON.stringify(update)}\n\n`,
  fail: (error) => `event: failed\ndata: ${JSON.stringify({ message: toAppError(error).message })}\n\n`,
  closing: () => '',
}
