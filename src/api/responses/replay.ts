import type { FastifyReply } from 'fastify'
import type { Responses } from '../../responses/create-responses.ts'
import { clientGone } from '../client-gone.ts'
import { type EventStreamLimits, sendEventStream } from '../sse.ts'
import { replayFormat } from './stream-format.ts'

export interface ReplayDeps {
  readonly responses: Pick<Responses, 'events'>
  readonly streamLimits: EventStreamLimits
  /** Aborts when the node stops waiting for requests that still run. */
  readonly giveUp: AbortSignal
}

/** Sends the events of a background stream after the one with this number, then those to come. */
export async function replay(
  reply: FastifyReply,
  { responses, streamLimits, giveUp }: ReplayDeps,
  { id, after }: { readonly id: string; readonly after: number },
): Promise<FastifyReply> {
  const signal = AbortSignal.any([clientGone(reply), giveUp])
  const events = responses.events(id, after, { signal })
  await sendEventStream(reply, events, { format: replayFormat(reply.request.id), limits: streamLimits, signal })
  return reply
}
