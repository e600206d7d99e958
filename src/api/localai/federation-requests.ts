import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { Explainer } from '../../federation/explain/create-explainer.ts'
import type { RequestSummary } from '../../federation/explain/explanation.ts'
import { clientGone } from '../client-gone.ts'
import { toAppError } from '../error-response.ts'
import { type EventStreamFormat, type EventStreamLimits, sendEventStream } from '../sse.ts'
import { Explained, RequestParams, RequestsQuery, Summary } from './federation-schema.ts'

export interface FederationRequestsDeps {
  /** Absent when the node sends nothing to others: then there is nothing to explain. */
  readonly explainer: Pick<Explainer, 'list' | 'find' | 'watch'> | undefined
  readonly streamLimits: EventStreamLimits
  /** Aborts when the node begins to stop: this stream would never end by itself. */
  readonly stopping: AbortSignal
}

const DEFAULT_LIMIT = '100'
const tags = ['p2p']
const config = { access: 'admin' } as const

/** Ours: why the last requests went where they went. `local-ai p2p explain` and the web page read it. */
export const federationRequests: FastifyPluginAsyncTypebox<FederationRequestsDeps> = async (app, deps) => {
  const { explainer, streamLimits, stopping } = deps

  app.get(
    '/api/federation/requests',
    {
      schema: {
        tags,
        summary: 'The last requests, newest first',
        querystring: RequestsQuery,
        response: { 200: Type.Object({ requests: Type.Array(Summary) }) },
      },
      config,
    },
    async ({ query: { since, limit = DEFAULT_LIMIT, ...filter } }) => {
      const sinceUnixMs = since === undefined ? undefined : toUnixMs(since)
      return { requests: (explainer?.list({ ...filter, sinceUnixMs, limit: Number(limit) }) ?? []).map(withTime) }
    },
  )

  app.get(
    '/api/federation/requests/events',
    {
      schema: { tags, summary: 'Requests as they end; those that a slow reader misses are in the list' },
      config: { ...config, events: Summary },
    },
    async (_request, reply) => {
      if (explainer === undefined) throw new AppError('request.not-found', 'this node sends no requests to others')
      const signal = AbortSignal.any([clientGone(reply), stopping])
      const events = withOpening(explainer.watch({ signal }))
      await sendEventStream(reply, events, { format: FORMAT, limits: streamLimits, signal })
      return reply
    },
  )

  app.get(
    '/api/federation/requests/:id',
    {
      schema: {
        tags,
        summary: 'Why one request went where it went; its id is in X-Correlation-ID',
        params: RequestParams,
        response: { 200: Explained },
      },
      config,
    },
    async ({ params: { id } }) => {
      const found = explainer?.find(id)
      if (found === undefined) throw new AppError('request.not-found', 'no request with this id is remembered here')
      const { decisions, timeline, ...summary } = found
      return {
        ...withTime(summary),
        decisions: decisions.map((decision) => ({ ...decision, candidates: [...decision.candidates] })),
        timeline: [...timeline],
      }
    },
  )
}

function withTime({ id, startedUnixMs, ...rest }: RequestSummary) {
  return { id, startedAt: new Date(startedUnixMs).toISOString(), ...rest }
}

function toUnixMs(text: string): number {
  const unixMs = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(unixMs)) throw new AppError('request.invalid', 'since: expected a time or Unix milliseconds')
  return unixMs
}

/** Whoever listens knows at once that it does, also while nothing happens. */
async function* withOpening(requests: AsyncIterable<RequestSummary>): AsyncGenerator<RequestSummary | 'opening', void> {
  yield 'opening'
  yield* requests
}

const FORMAT: EventStreamFormat<RequestSummary | 'opening'> = {
  opening: '',
  render: (event) => (event === 'opening' ? ': listening\n\n' : `data: ${JSON.stringify(withTime(event))}\n\n`),
  fail: (error) => `event: error\ndata: ${JSON.stringify({ message: toAppError(error).message })}\n\n`,
  closing: () => '',
}
