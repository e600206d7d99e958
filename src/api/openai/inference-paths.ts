import { Type } from 'typebox'
import type { AppError } from '../../base/errors.ts'
import type { InferencePaths } from '../inference-route.ts'
import { ChatCompletionChunk, Completion, ErrorBody } from './response-schema.ts'
import { DONE, renderStreamError } from './stream-end.ts'

function brokenStream(error: AppError, requestId: string): string {
  return renderStreamError(error, requestId) + DONE
}

/** What a tool of the node's own gave, between the chunks of a stream. */
const McpToolResult = Type.Object(
  { type: Type.Literal('mcp_tool_result'), name: Type.String(), result: Type.String() },
  { additionalProperties: false },
)

export const CHAT: InferencePaths = {
  urls: ['/v1/chat/completions', '/chat/completions'],
  config: {
    inference: { endpoint: 'chat', capability: 'chat', brokenStream, carriesOn: true },
    events: Type.Union([ChatCompletionChunk, McpToolResult, ErrorBody]),
  },
}

export const MCP_CHAT: InferencePaths = {
  urls: ['/v1/mcp/chat/completions', '/mcp/v1/chat/completions', '/mcp/chat/completions'],
  config: {
    inference: { endpoint: 'chat', capability: 'chat', brokenStream, carriesOn: true },
    events: Type.Union([ChatCompletionChunk, McpToolResult, ErrorBody]),
  },
}

export const COMPLETION: InferencePaths = {
  urls: ['/v1/completions', '/completions', '/v1/engines/:model/completions'],
  config: {
    inference: { endpoint: 'completion', capability: 'completion', brokenStream, carriesOn: true },
    events: Type.Union([Completion, ErrorBody]),
  },
}

export const EMBEDDINGS: InferencePaths = {
  urls: ['/v1/embeddings', '/embeddings', '/v1/engines/:model/embeddings'],
  config: { inference: { endpoint: 'embeddings', capability: 'embeddings' } },
}
