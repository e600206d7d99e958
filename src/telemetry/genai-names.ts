/**
 * Names of attributes, as of @opentelemetry/semantic-conventions 1.45. Those of generative AI have moved to
 * github.com/open-telemetry/semantic-conventions-genai, where they are still in development: they may change, and this is
 * the one place that knows them.
 */
export const NAMES = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  /** Seconds. */
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  error: 'error.type',
  method: 'http.request.method',
  path: 'url.path',
  route: 'http.route',
  status: 'http.response.status_code',
  service: 'service.name',
  serviceVersion: 'service.version',
  serviceInstance: 'service.instance.id',
  // Ours.
  correlationId: 'local_ai.correlation_id',
  node: 'local_ai.node.name',
  nodeId: 'local_ai.node.id',
  outcome: 'local_ai.try.outcome',
  seamFrom: 'local_ai.seam.from',
  seamTo: 'local_ai.seam.to',
  seamCause: 'local_ai.seam.cause',
  seamTokens: 'local_ai.seam.tokens',
} as const

export const PROVIDER = 'local_ai'

/** `gen_ai.operation.name` of our kinds of work; those that the conventions have no word for go by our own. */
const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  messages: 'chat',
  responses: 'chat',
  completion: 'text_completion',
  edit: 'text_completion',
  embeddings: 'embeddings',
  image: 'generate_content',
  video: 'generate_content',
}

export function operationOf(endpoint: string): string {
  return OPERATIONS[endpoint] ?? endpoint
}
