import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Chat } from '../../inference/chat.ts'
import { createAnswerCollector } from '../../inference/collect-answer.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { type EventStreamLimits, sendEventStream } from '../sse.ts'
import { toMessageAnswer } from './from-inference.ts'
import { MESSAGES } from './inference-paths.ts'
import { createMessageStream } from './message-stream.ts'
import { addRequestIds } from './request-ids.ts'
import { modelOf, requireMaxTokens, requireModel } from './required-fields.ts'
import { MessageAnswer } from './response-schema.ts'
import { MessagesQuery, MessagesRequest } from './schema.ts'
import { toChatRequest } from './to-inference.ts'

export interface MessagesDeps {
  readonly chat: Chat
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'find'>
  readonly streamLimits: EventStreamLimits
}

const schema = {
  tags: ['anthropic'],
  summary: "Answer a conversation, in Anthropic's words",
  body: MessagesRequest,
  querystring: MessagesQuery,
  response: { 200: MessageAnswer },
}

/** Anthropic's Messages API. */
export const messages: FastifyPluginAsyncTypebox<MessagesDeps> = async (app, deps) => {
  const { chat, calls, registry, streamLimits: limits } = deps
  addRequestIds(app)
  app.addHook('preValidation', async (request) => {
    requireModel(request, registry)
    requireMaxTokens(request)
  })
  for (const url of MESSAGES.urls) {
    app.post(url, { schema, config: MESSAGES.config }, async (request, reply) => {
      const { body, stamp, continuity } = request
      const model = modelOf(request)
      const chatRequest = toChatRequest(body, model)
      const rendering = {
        head: { id: `msg_${stamp.digits('id')}`, model },
        stopSequences: body.stop_sequences ?? [],
        showsThinking: body.thinking?.display !== 'omitted',
        requestId: request.id,
      }
      return await calls.run(reply, { endpoint: 'messages', model }, async (call) => {
        const { signal } = call
        const events = chat(chatRequest, { signal, stamp, continuity })
        if (body.stream !== true) {
          const collector = createAnswerCollector()
          for await (const event of events) {
            call.observe(event)
            collector.add(event)
          }
          return toMessageAnswer(rendering, collector.answer())
        }
        const stream = createMessageStream(rendering)
        const format: typeof stream = {
          ...stream,
          render(event) {
            call.observe(event)
            return stream.render(event)
          },
        }
        const failure = await sendEventStream(reply, events, { format, limits, signal })
        if (failure !== undefined) call.failed(failure)
        return reply
      })
    })
  }
}
