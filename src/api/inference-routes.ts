import type { FastifyInstance } from 'fastify'
import type { Chat } from '../inference/chat.ts'
import type { Complete } from '../inference/complete.ts'
import type { CountTokens } from '../inference/count-tokens.ts'
import type { Edit } from '../inference/edit.ts'
import type { Embed } from '../inference/embed.ts'
import type { Media } from '../inference/media/media.ts'
import type { Detokenize, Tokenize } from '../inference/tokenize.ts'
import type { Mcp } from '../mcp/create-mcp.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Responses } from '../responses/create-responses.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { countTokens } from './anthropic/count-tokens.ts'
import { messages } from './anthropic/messages.ts'
import { type Calls, createCalls } from './calls.ts'
import { HTTP_LIMITS } from './http-app.ts'
import { tokenizeRoutes } from './localai/tokenize.ts'
import { addMediaRoutes } from './media-routes.ts'
import { chatCompletions } from './openai/chat-completions.ts'
import { completions } from './openai/completions.ts'
import { edits } from './openai/edits.ts'
import { embeddings } from './openai/embeddings.ts'
import { mcpChat } from './openai/mcp-chat.ts'
import { createResponse } from './responses/create-response.ts'
import { storedResponses } from './responses/stored-responses.ts'
import type { EventStreamLimits } from './sse.ts'

/** What it takes to work on requests on this node. */
export interface InferenceDeps {
  readonly chat: Chat
  readonly complete: Complete
  readonly edit: Edit
  readonly embed: Embed
  readonly media: Media
  readonly countTokens: CountTokens
  readonly tokenize: Tokenize
  readonly detokenize: Detokenize
  readonly registry: Pick<ModelRegistry, 'find' | 'fallback'>
  readonly responses: Responses
  /** Absent: the servers of tools in models' configurations are not used. */
  readonly mcp?: Mcp | undefined
  readonly metrics: Metrics
  readonly log: Pick<Logger, 'error' | 'warn'>
}

export interface InferenceInit {
  /** As `GET /version` tells it: `v0.1.0 (abcdef)`. */
  readonly version: string
  /** Inference requests that may run or wait at the same time; more get 503. Default 1024. */
  readonly maxInFlight?: number
  /** The part of these places that one remote address may have, above 0, up to 1. Default 1. */
  readonly maxShareOfSource?: number
  readonly streamLimits?: EventStreamLimits
}

export const STREAM_LIMITS: EventStreamLimits = { keepAliveMs: 15_000, stallTimeoutMs: HTTP_LIMITS.stallTimeoutMs }
const MAX_IN_FLIGHT = 1024

/** The same routes for clients and for the other members of the network. */
export function addInferenceRoutes(
  app: FastifyInstance,
  { registry, metrics, log, ...deps }: InferenceDeps & { readonly giveUp: AbortSignal },
  init: InferenceInit,
): Calls {
  const { giveUp } = deps
  const { maxInFlight = MAX_IN_FLIGHT, maxShareOfSource = 1 } = init
  const maxOfSource = Math.max(1, Math.floor(maxInFlight * maxShareOfSource))
  const calls = createCalls({ metrics, registry, giveUp, log }, { maxInFlight, maxOfSource })
  const generation = {
    calls,
    registry,
    streamLimits: init.streamLimits ?? STREAM_LIMITS,
    fingerprint: `local-ai ${init.version}`,
  }
  app.register(chatCompletions, { ...generation, chat: deps.chat, mcp: deps.mcp })
  if (deps.mcp !== undefined) app.register(mcpChat, { ...generation, chat: deps.chat, mcp: deps.mcp })
  app.register(completions, { ...generation, complete: deps.complete })
  app.register(edits, { calls, registry, edit: deps.edit })
  addMediaRoutes(app, { calls, registry, media: deps.media, streamLimits: generation.streamLimits })
  app.register(embeddings, { calls, registry, embed: deps.embed })
  app.register(messages, { calls, registry, streamLimits: generation.streamLimits, chat: deps.chat })
  app.register(countTokens, { calls, registry, countTokens: deps.countTokens })
  const kept = { responses: deps.responses, streamLimits: generation.streamLimits, giveUp }
  app.register(createResponse, { ...kept, calls, registry, chat: deps.chat, mcp: deps.mcp })
  app.register(storedResponses, kept)
  app.register(tokenizeRoutes, { calls, registry, tokenize: deps.tokenize, detokenize: deps.detokenize })
  return calls
}
