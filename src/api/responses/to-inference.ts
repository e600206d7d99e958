import type { JsonObject } from '../../base/json.ts'
import { effortMetadata } from '../../inference/effort.ts'
import type {
  ChatMessage,
  ChatRequest,
  ResponseFormat,
  Sampling,
  ToolChoice,
  ToolDefinition,
} from '../../inference/request.ts'
import { invalid, unsupported } from './refusals.ts'
import type { CreateResponseRequest, TextFormat } from './schema.ts'

/** Everything of a request but its conversation; refuses what this node cannot do. */
export function toGeneration(body: CreateResponseRequest): Omit<ChatRequest, 'model' | 'messages'> {
  refuseUnknown(body)
  const known = toTools(body)
  const { choice, allowed } = toToolChoice(body, known)
  const tools = allowed === undefined ? known : known.filter(({ name }) => allowed.has(name))
  const format = toResponseFormat(formatOf(body))
  const metadata = toMetadata(body)
  return {
    sampling: toSampling(body),
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { toolChoice: choice }),
    ...(format === undefined ? {} : { responseFormat: format }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  }
}

/** Instructions hold for one response only: those of previous ones are not repeated. */
export function withInstructions(
  { instructions }: Pick<CreateResponseRequest, 'instructions'>,
  messages: readonly ChatMessage[],
): readonly ChatMessage[] {
  if (instructions === undefined || instructions === null || instructions === '') return messages
  return [{ role: 'system', content: instructions }, ...messages]
}

/** OpenAI's place for it, or LocalAI's. */
export function formatOf({ text, text_format: flat }: CreateResponseRequest): TextFormat | undefined {
  return text?.format ?? flat ?? undefined
}

function refuseUnknown({ conversation, prompt }: CreateResponseRequest): void {
  if (given(conversation)) {
    throw unsupported('conversation', 'conversation is not supported: use previous_response_id')
  }
  if (given(prompt)) throw unsupported('prompt', 'prompt is not supported: this node stores no prompt templates')
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null
}

function toTools({ tools }: CreateResponseRequest): readonly ToolDefinition[] {
  return (tools ?? []).map((tool, index) => {
    const { type, name, description, parameters, strict } = tool
    if (type !== 'function') {
      throw unsupported(`tools[${index}].type`, `tools[${index}].type must be "function", not "${type}"`)
    }
    if (typeof name !== 'string') throw invalid(`tools[${index}].name`, `tools[${index}].name is required`)
    return {
      name,
      ...(description === undefined || description === null ? {} : { description }),
      ...(parameters === undefined || parameters === null ? {} : { parameters: parameters as JsonObject }),
      ...(strict === undefined || strict === null ? {} : { strict }),
    }
  })
}

interface Choice {
  readonly choice?: ToolChoice
  /** Undefined: all tools. */
  readonly allowed?: ReadonlySet<string>
}

function toToolChoice(body: CreateResponseRequest, tools: readonly ToolDefinition[]): Choice {
  const { tool_choice: wanted, allowed_tools: list } = body
  const listed =
    list === undefined || list === null ? {} : { allowed: toNames(list, { field: 'allowed_tools', tools }) }
  if (wanted === undefined || wanted === null) return listed
  if (wanted === 'none' || wanted === 'auto') return { choice: wanted, ...listed }
  if (tools.length === 0) throw invalid('tool_choice', 'tool_choice needs tools to choose from')
  if (wanted === 'required') return { choice: wanted, ...listed }
  if (wanted.type === 'allowed_tools') {
    const allowed = toNames(wanted.tools ?? [], { field: 'tool_choice', tools })
    return { choice: wanted.mode ?? 'auto', allowed }
  }
  if (wanted.type !== 'function') {
    throw unsupported('tool_choice', `tool_choice: tools of type "${wanted.type}" are not supported`)
  }
  const [name] = toNames([{ name: wanted.name }], { field: 'tool_choice', tools })
  return { choice: { name: name ?? '' }, ...listed }
}

function toNames(
  entries: readonly (string | { readonly name?: string | null | undefined })[],
  { field, tools }: { readonly field: string; readonly tools: readonly ToolDefinition[] },
): ReadonlySet<string> {
  const names = entries.map((entry) => (typeof entry === 'string' ? entry : (entry.name ?? '')))
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name))
  if (unknown !== undefined) throw invalid(field, `${field}: there is no tool named "${unknown}"`)
  return new Set(names)
}

function toResponseFormat(format: TextFormat | undefined): ResponseFormat | undefined {
  if (format === undefined) return undefined
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json_object') return { type: 'json-object' }
  const schema = format.schema ?? format.json_schema?.schema
  if (schema === undefined || schema === null) {
    throw invalid('text.format.schema', 'text.format.schema is required for the format json_schema')
  }
  return { type: 'json-schema', schema: schema as JsonObject }
}

const LOGPROBS = 'message.output_text.logprobs'

function toSampling(body: CreateResponseRequest): Sampling {
  const { max_output_tokens: maxTokens, top_logprobs: top, logit_bias: bias } = body
  const wantsLogprobs = (top ?? 0) > 0 || (body.include ?? []).includes(LOGPROBS)
  for (const token of Object.keys(bias ?? {})) {
    if (!/^\d{1,10}$/.test(token)) throw invalid('logit_bias', `logit_bias: "${token.slice(0, 20)}" is no token id`)
  }
  return {
    ...known('temperature', body.temperature),
    ...known('topP', body.top_p),
    ...known('presencePenalty', body.presence_penalty),
    ...known('frequencyPenalty', body.frequency_penalty),
    ...known('logitBias', bias),
    // Zero and below mean: no limit of the request's own.
    ...known('maxTokens', typeof maxTokens === 'number' && maxTokens > 0 ? maxTokens : undefined),
    ...known('topLogprobs', wantsLogprobs ? (top ?? 0) : undefined),
  }
}

function known<K extends keyof Sampling>(key: K, value: Sampling[K] | null): Partial<Sampling> {
  return value === undefined || value === null ? {} : { [key]: value }
}

function toMetadata({ metadata, reasoning }: CreateResponseRequest): Readonly<Record<string, string>> {
  return { ...effortMetadata(reasoning?.effort), ...metadata }
}
