import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Value } from 'typebox/value'
import { AppError } from '../../base/errors.ts'
import { TAKEN_OVER_HEADER } from '../../federation/routed-request.ts'
import type { Chat } from '../../inference/chat.ts'
import type { RoundEvent } from '../../inference/events.ts'
import { findModel } from '../../inference/find-model.ts'
import type { Mcp } from '../../mcp/create-mcp.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Responses } from '../../responses/create-responses.ts'
import type { Item } from '../../responses/items.ts'
import { type ResponseEcho, ResponseResource } from '../../responses/resource.ts'
import { RepeatableRequest } from '../../responses/response-copy.ts'
import type { RunningResponse } from '../../responses/running-responses.ts'
import { toldInStream } from '../access/opaque-errors.ts'
import type { Call, Calls } from '../calls.ts'
import { toAppError } from '../error-response.ts'
import { type EventStreamLimits, sendEventStream } from '../sse.ts'
import { answerWithServers } from './answer-with-servers.ts'
import { describeFailure } from './errors.ts'
import { CREATE_RESPONSE } from './inference-paths.ts'
import { readConversation } from './read-conversation.ts'
import { invalid } from './refusals.ts'
import { replay } from './replay.ts'
import { CreateResponseRequest, ModelQuery } from './schema.ts'
import { liveFormat } from './stream-format.ts'
import { toEcho } from './to-echo.ts'
import { toGeneration, withInstructions } from './to-inference.ts'
import { toMessages } from './to-messages.ts'

export interface CreateResponseDeps {
  readonly chat: Chat
  readonly responses: Responses
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'find'>
  /** Absent: the servers in models' configurations are not used. */
  readonly mcp?: Mcp | undefined
  readonly streamLimits: EventStreamLimits
  /** Aborts when the node stops waiting for requests that still run. */
  readonly giveUp: AbortSignal
}

const schema = {
  tags: ['responses'],
  summary: 'Answers a conversation and keeps it',
  description:
    'With `stream` the answer is an event stream, with `background` it is made after this request has ended.',
  body: CreateResponseRequest,
  querystring: ModelQuery,
  response: { 200: ResponseResource },
}

/** How the answer to one request is made. */
type Answer = (call: Call) => AsyncGenerator<RoundEvent, void>

interface Job {
  readonly reply: FastifyReply
  readonly running: RunningResponse
  readonly answer: Answer
  readonly model: string
  readonly stream: boolean
}

export const createResponse: FastifyPluginAsyncTypebox<CreateResponseDeps> = async (app, deps) => {
  const { responses, registry } = deps
  for (const url of CREATE_RESPONSE.urls) {
    app.post(url, { schema, config: CREATE_RESPONSE.config }, async (request, reply) => {
      const { body, stamp, toldHome } = request
      const model = chosenModel([body.model, request.query.model])
      const config = findModel(registry, model)
      const echo = toEcho(body, model)
      refuseImpossible(echo)
      const generation = toGeneration(body)
      const owner = request.caller.id ?? null
      const input = (await takenOver(request, responses)) ?? (await readConversation({ responses, owner, stamp }, body))
      const messages = withInstructions(body, toMessages(input))
      const stream = body.stream === true
      const describe = (error: unknown) => describeFailure(toldInStream(toAppError(error), request), request.id)
      const repeatable = echo.background && config.mcp === undefined ? toRepeatable(request) : undefined
      const running = responses.begin({
        ...{ owner, echo, stream, input, describe, stamp },
        home: toldHome,
        request: repeatable,
      })
      const { signal } = running.live
      // Nobody waits for what is made in the background.
      const continuity = echo.background ? undefined : request.continuity
      const answer: Answer = (call) =>
        observed(
          call,
          answerWithServers(
            deps,
            { request: { ...generation, model, messages }, echo, config },
            { signal: AbortSignal.any([call.signal, signal]), stamp, continuity },
          ),
        )
      const job = { reply, running, answer, model, stream }
      return await (echo.background ? answerLater(deps, job) : answerNow(deps, job))
    })
  }
}

/** The conversation of a response that another node has begun, and was lost with. */
async function takenOver(request: FastifyRequest, responses: Pick<Responses, 'find'>): Promise<Item[] | undefined> {
  const { headers, toldHome, stamp, caller } = request
  if (headers[TAKEN_OVER_HEADER] === undefined || toldHome === undefined) return undefined
  return (await responses.find(`resp_${toldHome}_${stamp.digits('response')}`, caller.id ?? null))?.input
}

/** Too long for another node: undefined. */
function toRepeatable({ body, url: target, stampText: stamp }: FastifyRequest): RepeatableRequest | undefined {
  const repeatable = { target, body: JSON.stringify(body), stamp }
  return Value.Check(RepeatableRequest, repeatable) ? repeatable : undefined
}

async function answerNow(
  { calls, streamLimits }: CreateResponseDeps,
  job: Job,
): Promise<ResponseResource | FastifyReply> {
  const { reply, running, answer, model, stream } = job
  const { live } = running
  try {
    return await calls.run(reply, { endpoint: 'responses', model }, async (call) => {
      const events = live.follow(answer(call))
      if (stream) {
        const signal = AbortSignal.any([call.signal, live.signal])
        const failure = await sendEventStream(reply, events, { format: liveFormat(live), limits: streamLimits, signal })
        if (failure !== undefined) call.failed(failure)
        return reply
      }
      for await (const _event of events);
      return live.resource()
    })
  } catch (error) {
    live.discard()
    throw error
  }
}

/** The work goes on whether or not the client stays; a stream is only a way to look on. */
async function answerLater(deps: CreateResponseDeps, job: Job): Promise<ResponseResource | FastifyReply> {
  const { calls, responses } = deps
  const { reply, running, answer, model, stream } = job
  const { live } = running
  const queued = live.resource()
  const begun = Promise.withResolvers<void>()
  const work = calls.run(reply, { endpoint: 'responses', model, detached: true }, async (call) => {
    const ended = responses.runInBackground(running, answer(call))
    begun.resolve()
    const failure = await ended
    if (failure !== undefined) call.failed(toAppError(failure))
  })
  try {
    await Promise.race([begun.promise, work])
  } catch (error) {
    live.discard()
    throw error
  }
  if (!stream) return queued
  return await replay(reply, deps, { id: live.id, after: -1 })
}

async function* observed(call: Call, events: AsyncIterable<RoundEvent>): AsyncGenerator<RoundEvent, void> {
  for await (const event of events) {
    if (event.type !== 'tool-result') call.observe(event)
    yield event
  }
}

/** No model stands in for one that is not named. */
function chosenModel(names: readonly (string | null | undefined)[]): string {
  const named = names.find((name) => name !== undefined && name !== null && name !== '')
  if (named === undefined || named === null) throw invalid('model', 'model is required')
  return named
}

function refuseImpossible({ background, store }: ResponseEcho): void {
  if (background && !store)
    throw new AppError('request.invalid', 'background=true requires store=true', {
      details: { param: 'background' },
    })
}
