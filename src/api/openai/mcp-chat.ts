import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { Chat } from '../../inference/chat.ts'
import { createAnswerCollector } from '../../inference/collect-answer.ts'
import type { GenerationOptions } from '../../inference/continuity.ts'
import { findModel } from '../../inference/find-model.ts'
import type { ChatRequest } from '../../inference/request.ts'
import { createToolRounds, DEFAULT_MAX_ROUNDS } from '../../inference/tools/answer-with-tools.ts'
import type { Mcp } from '../../mcp/create-mcp.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Call, Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import { openServerTools, SERVERS_KEY } from '../server-tools.ts'
import { type EventStreamFormat, type EventStreamLimits, sendEventStream } from '../sse.ts'
import { type ChatRendering, createChatStream, renderChat } from './chat-rendering.ts'
import { createHead, wantsTimings } from './generation-route.ts'
import { MCP_CHAT } from './inference-paths.ts'
import { asOneAnswer, type ChatRoundEvent } from './mcp-rounds.ts'
import { ChatCompletion } from './response-schema.ts'
import { ChatCompletionRequest, ModelQuery } from './schema.ts'
import { toChatRequest } from './to-inference.ts'

export interface McpChatDeps {
  readonly mcp: Mcp
  readonly chat: Chat
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'find' | 'fallback'>
  readonly streamLimits: EventStreamLimits
  readonly fingerprint: string
}

const schema = {
  tags: ['mcp'],
  summary: 'Answer a conversation with the tools of the model’s own servers',
  description:
    'The servers stand under `mcp` in the YAML of the model; `metadata.mcp_servers` chooses among them. Their tools are run here, between rounds.',
  body: ChatCompletionRequest,
  querystring: ModelQuery,
  response: { 200: ChatCompletion },
}

/** Chat completions with the tools of the model's servers beside those of the request. */
export const mcpChat: FastifyPluginAsyncTypebox<McpChatDeps> = async (app, deps) => {
  for (const url of MCP_CHAT.urls) {
    app.post(url, { schema, config: MCP_CHAT.config }, async (request, reply) => {
      const { body, query } = request
      const model = chooseModel(deps.registry, 'chat', [body.model, query.model])
      return await answerMcpChat(deps, { body, reply, model })
    })
  }
}

/** Whether a request for plain chat completions asks for the model's servers. */
export function wantsServers({ metadata }: ChatCompletionRequest): boolean {
  return String(metadata?.[SERVERS_KEY] ?? '') !== ''
}

export async function answerMcpChat(
  deps: McpChatDeps,
  init: {
    readonly body: ChatCompletionRequest
    readonly reply: FastifyReply
    readonly model: string
  },
): Promise<ChatCompletion | FastifyReply> {
  const { body, reply, model } = init
  const { stamp, continuity } = reply.request
  const config = findModel(deps.registry, model)
  refuseImpossible(body, config)
  const chatRequest = withoutOurs(toChatRequest(body, model))
  const names = String(body.metadata?.[SERVERS_KEY] ?? '')
  const rendering: ChatRendering = {
    head: createHead('chatcmpl', stamp, { model, fingerprint: deps.fingerprint }),
    choices: 1,
    withTimings: wantsTimings(reply.request),
    withUsage: body.stream_options?.include_usage === true,
    wantsLogprobs: body.logprobs === true,
    legacyFunctions: (body.functions ?? []).length > 0 && (body.tools ?? []).length === 0,
    requestId: reply.request.id,
  }
  return await deps.calls.run(reply, { endpoint: 'chat', model }, async (call) => {
    const { signal } = call
    const events = observed(call, answer(deps, { config, request: chatRequest, names }, { signal, stamp, continuity }))
    if (body.stream !== true) return renderChat(rendering, [await collect(events)])
    const format = toStream(createChatStream(rendering))
    const failure = await sendEventStream(reply, events, { format, limits: deps.streamLimits, signal })
    if (failure !== undefined) call.failed(failure)
    return reply
  })
}

async function* answer(
  { mcp, chat }: McpChatDeps,
  work: { readonly config: ModelConfig; readonly request: ChatRequest; readonly names: string },
  options: GenerationOptions,
): AsyncGenerator<ChatRoundEvent, void> {
  const { config, request, names } = work
  const tools = await openServerTools({ mcp }, config, { names, ...options })
  if (tools === undefined) return
  const { maxToolRounds: maxRounds = DEFAULT_MAX_ROUNDS } = config
  const rounds = createToolRounds(request, { tools, maxRounds, keepsResults: false })
  yield* asOneAnswer(rounds.answer(chat, options), rounds.isOwn)
}

function refuseImpossible({ n }: ChatCompletionRequest, { name, mcp }: ModelConfig): void {
  if (mcp === undefined) {
    throw new AppError('request.invalid', `model "${name}" has no MCP servers: they stand under "mcp" in its YAML`, {
      details: { param: 'model' },
    })
  }
  if ((n ?? 1) > 1) {
    throw new AppError('request.unsupported', 'n above 1 is not supported with MCP servers', {
      details: { param: 'n' },
    })
  }
}

/** The backend gets the metadata; this part of them is for us. */
function withoutOurs(request: ChatRequest): ChatRequest {
  const { [SERVERS_KEY]: _ours, ...metadata } = request.metadata ?? {}
  return { ...request, metadata }
}

async function* observed(call: Call, events: AsyncIterable<ChatRoundEvent>): AsyncGenerator<ChatRoundEvent, void> {
  for await (const event of events) {
    if (event.type !== 'tool-result') call.observe(event)
    yield event
  }
}

async function collect(events: AsyncIterable<ChatRoundEvent>) {
  const collector = createAnswerCollector()
  for await (const event of events) if (event.type !== 'tool-result') collector.add(event)
  return collector.answer()
}

function toStream(chunks: ReturnType<typeof createChatStream>): EventStreamFormat<ChatRoundEvent> {
  return {
    ...chunks,
    render(event) {
      if (event.type !== 'tool-result') return chunks.render({ index: 0, event })
      const { name, text: result } = event
      return `data: ${JSON.stringify({ type: 'mcp_tool_result', name, result })}\n\n`
    },
  }
}
