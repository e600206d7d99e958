import type { JsonObject } from '../../base/json.ts'
import { effortMetadata } from '../../inference/effort.ts'
import type { ChatRequest, Sampling, ToolChoice, ToolDefinition } from '../../inference/request.ts'
import { invalid, unsupported } from './refusals.ts'
import type { CountTokensRequest, MessagesRequest, Tool } from './schema.ts'
import { toMessages } from './to-messages.ts'

export function toChatRequest(body: MessagesRequest, model: string): ChatRequest {
  const request = toConversation(body, model)
  return { ...request, sampling: toSampling(body), metadata: { ...toMetadata(body.metadata), ...request.metadata } }
}

/** What decides how the prompt is rendered; how the answer is sampled is left to the model's configuration. */
export function toConversation(body: CountTokensRequest, model: string): ChatRequest {
  const tools = (body.tools ?? []).map(toTool)
  const toolChoice = toToolChoice(body.tool_choice, tools)
  const format = body.output_config?.format ?? body.output_format
  const { thinking } = body
  return {
    model,
    messages: toMessages(body),
    sampling: {},
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(body.tool_choice?.disable_parallel_tool_use === true ? { singleCall: true } : {}),
    ...(format === undefined || format === null
      ? {}
      : { responseFormat: { type: 'json-schema', schema: format.schema as JsonObject } }),
    metadata: {
      ...effortMetadata(body.output_config?.effort),
      ...(thinking === undefined || thinking === null ? {} : { enable_thinking: String(thinking.type !== 'disabled') }),
    },
  }
}

function toSampling(body: MessagesRequest): Sampling {
  return {
    maxTokens: body.max_tokens,
    ...present('temperature', body.temperature),
    ...present('topP', body.top_p),
    ...present('topK', body.top_k),
    ...present('stop', body.stop_sequences),
  }
}

function toTool(tool: Tool, index: number): ToolDefinition {
  const { type, name, description, input_schema: parameters, strict } = tool
  const field = `tools[${index}]`
  if (type !== undefined && type !== null && type !== 'custom') {
    throw unsupported(
      `${field}.type`,
      `${field}.type "${type}": this node knows no such tool, describe your own instead`,
    )
  }
  if (parameters === undefined || parameters === null) {
    throw invalid(`${field}.input_schema`, `${field}.input_schema is required`)
  }
  return {
    name,
    parameters: parameters as JsonObject,
    ...present('description', description),
    ...present('strict', strict),
  }
}

function toToolChoice(
  choice: CountTokensRequest['tool_choice'],
  tools: readonly ToolDefinition[],
): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice.type === 'none' || choice.type === 'auto') return choice.type
  if (tools.length === 0) throw invalid('tool_choice', 'tool_choice needs tools to choose from')
  if (choice.type === 'any') return 'required'
  const { name } = choice
  if (name === undefined || name === null) throw invalid('tool_choice.name', 'tool_choice.name is required')
  if (tools.some((tool) => tool.name === name)) return { name }
  throw invalid('tool_choice.name', `tool_choice.name: there is no tool named "${name}"`)
}

/** Who the user is (`user_id`) is no business of a model's backend. */
function toMetadata(metadata: MessagesRequest['metadata']): Readonly<Record<string, string>> {
  const texts = Object.entries(metadata ?? {}).filter(
    (entry): entry is [string, string] => entry[0] !== 'user_id' && typeof entry[1] === 'string',
  )
  return Object.fromEntries(texts)
}

function present<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  return value === undefined || value === null ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}
