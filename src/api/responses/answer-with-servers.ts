import type { Chat } from '../../inference/chat.ts'
import type { GenerationOptions } from '../../inference/continuity.ts'
import type { RoundEvent } from '../../inference/events.ts'
import type { ChatRequest } from '../../inference/request.ts'
import { createToolRounds, DEFAULT_MAX_ROUNDS } from '../../inference/tools/answer-with-tools.ts'
import type { Mcp } from '../../mcp/create-mcp.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ResponseEcho } from '../../responses/resource.ts'
import { openServerTools, SERVERS_KEY } from '../server-tools.ts'
import { answerInContext } from './answer-in-context.ts'

/**
 * Answers with the tools of the model's own servers beside those of the request, where the model has such servers. Their
 * calls and results become items of the output.
 */
export async function* answerWithServers(
  { chat, mcp }: { readonly chat: Chat; readonly mcp?: Mcp | undefined },
  work: { readonly request: ChatRequest; readonly echo: ResponseEcho; readonly config: ModelConfig },
  options: GenerationOptions,
): AsyncGenerator<RoundEvent, void> {
  const { request, echo, config } = work
  const { truncation, max_tool_calls: maxCalls, parallel_tool_calls: parallel } = echo
  const inContext: Chat = (asked, given = {}) => answerInContext({ chat }, { ...asked, truncation }, given)
  const { [SERVERS_KEY]: names, ...metadata } = request.metadata ?? {}
  const tools = mcp && (await openServerTools({ mcp }, config, { names, ...options }))
  if (tools === undefined) {
    yield* inContext(request, options)
    return
  }
  const { maxToolRounds: maxRounds = DEFAULT_MAX_ROUNDS } = config
  const limits = { maxRounds, maxCalls: maxCalls ?? undefined, parallel, keepsResults: true }
  yield* createToolRounds({ ...request, metadata }, { tools, ...limits }).answer(inContext, options)
}
