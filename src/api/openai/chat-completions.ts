import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AbortOptions } from '../../base/signals.ts'
import type { Chat } from '../../inference/chat.ts'
import type { Mcp } from '../../mcp/create-mcp.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import type { EventStreamLimits } from '../sse.ts'
import { createChatStream, renderChat } from './chat-rendering.ts'
import { choicesOf, collectChoices, createHead, seedOf, streamChoices, wantsTimings } from './generation-route.ts'
import { CHAT } from './inference-paths.ts'
import { answerMcpChat, wantsServers } from './mcp-chat.ts'
import { ChatCompletion } from './response-schema.ts'
import { ChatCompletionRequest, ModelQuery } from './schema.ts'
import { toChatRequest } from './to-inference.ts'

export interface ChatCompletionsDeps {
  readonly chat: Chat
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'find' | 'fallback'>
  readonly mcp?: Mcp | undefined
  readonly streamLimits: EventStreamLimits
  readonly fingerprint: string
}

const schema = {
  tags: ['chat'],
  summary: 'Answer a conversation',
  description: 'With `stream` the answer is an event stream, which ends with `[DONE]`.',
  body: ChatCompletionRequest,
  querystring: ModelQuery,
  response: { 200: ChatCompletion },
}

export const chatCompletions: FastifyPluginAsyncTypebox<ChatCompletionsDeps> = async (app, deps) => {
  const { chat, calls, registry, streamLimits, fingerprint, mcp } = deps
  for (const url of CHAT.urls) {
    app.post(url, { schema, config: CHAT.config }, async (request, reply) => {
      const { body } = request
      const model = chooseModel(registry, 'chat', [body.model, request.query.model])
      if (mcp !== undefined && wantsServers(body)) return await answerMcpChat({ ...deps, mcp }, { body, reply, model })
      const chatRequest = toChatRequest(body, model)
      const choices = body.n ?? 1
      const { options: optionsOf, order } = choicesOf(request, choices)
      const starts = Array.from({ length: choices }, (_, choice) => {
        const sampling = { ...chatRequest.sampling, ...seedOf(body.seed, choice) }
        return (options: AbortOptions) => chat({ ...chatRequest, sampling }, { ...optionsOf(choice), ...options })
      })
      const rendering = {
        head: createHead('chatcmpl', request.stamp, { model, fingerprint }),
        choices,
        withTimings: wantsTimings(request),
        withUsage: body.stream_options?.include_usage === true,
        wantsLogprobs: body.logprobs === true,
        legacyFunctions: (body.functions ?? []).length > 0 && (body.tools ?? []).length === 0,
        requestId: request.id,
      }
      return await calls.run(reply, { endpoint: 'chat', model }, async (call) => {
        if (body.stream !== true) return renderChat(rendering, await collectChoices(call, starts))
        await streamChoices(reply, call, { starts, order, format: createChatStream(rendering), limits: streamLimits })
        return reply
      })
    })
  }
}
