import { AppError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { effortMetadata } from '../../inference/effort.ts'
import type {
  ChatMessage,
  ChatRequest,
  ResponseFormat,
  Sampling,
  ToolCall,
  ToolChoice,
  ToolDefinition,
} from '../../inference/request.ts'
import {
  type ChatCompletionRequest,
  type CompletionRequest,
  type ContentPart,
  type EmbeddingRequest,
  type FunctionDefinition,
  type GenerationFields,
  MAX_INPUTS,
  MAX_PROMPTS,
  type Message,
} from './schema.ts'

export function toChatRequest(body: ChatCompletionRequest, model: string): ChatRequest {
  const tools = toTools(body)
  const toolChoice = toToolChoice(body, tools)
  const format = toResponseFormat(body.response_format) ?? toFunctionsFormat(body.grammar_json_functions)
  const metadata = toMetadata(body)
  return {
    model,
    messages: body.messages.map(toMessage),
    sampling: {
      ...toSampling(body),
      ...present('maxTokens', positive(body.max_completion_tokens ?? body.max_tokens)),
      ...present('topLogprobs', toTopLogprobs(body)),
    },
    ...(tools.length === 0 ? {} : { tools }),
    ...present('toolChoice', toolChoice),
    ...(body.parallel_tool_calls === false ? { singleCall: true } : {}),
    ...present('responseFormat', format),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...present('templateValues', toTemplateValues(body)),
  }
}

/** All prompts of a completion request; everything else is the same for each of them. */
export function toPrompts({ prompt }: CompletionRequest): readonly string[] {
  const prompts = typeof prompt === 'string' ? [prompt] : prompt
  if (prompts.length > MAX_PROMPTS) throw invalid('prompt', `prompt must not have more than ${MAX_PROMPTS} entries`)
  return prompts.map((entry) => {
    if (typeof entry === 'string') return entry
    throw unsupported('prompt', 'prompt must be text: prompts given as token ids are not supported')
  })
}

export function toCompletionSampling(body: CompletionRequest): Sampling {
  if (body.suffix !== undefined && body.suffix !== null && body.suffix !== '') {
    throw unsupported('suffix', 'suffix is not supported: this node does not fill text in')
  }
  if ((body.best_of ?? 1) > (body.n ?? 1)) throw unsupported('best_of', 'best_of above n is not supported')
  return {
    ...toSampling(body),
    ...present('maxTokens', positive(body.max_tokens)),
    ...present('topLogprobs', completionLogprobs(body.logprobs)),
  }
}

function completionLogprobs(wanted: CompletionRequest['logprobs']): number | undefined {
  if (typeof wanted === 'number') return wanted
  return wanted === true ? 0 : undefined
}

/** Each input is one text or one list of token ids; a flat list of numbers is one input. */
export function toEmbeddingInputs({ input }: EmbeddingRequest): readonly (string | readonly number[])[] {
  if (typeof input === 'string') return [input]
  if (input.every((entry) => typeof entry === 'number')) return [input]
  if (input.length > MAX_INPUTS) throw invalid('input', `input must not have more than ${MAX_INPUTS} entries`)
  return input.map((entry) => {
    if (typeof entry !== 'number') return entry
    throw invalid('input', 'input must not mix token ids with texts: put them in a list of their own')
  })
}

export function toResponseFormat(format: GenerationFields['response_format']): ResponseFormat | undefined {
  if (format === undefined || format === null) return undefined
  if (format.type === 'text') return { type: 'text' }
  const schema = format.type === 'json_schema' ? format.json_schema?.schema : undefined
  if (schema !== undefined && schema !== null) return { type: 'json-schema', schema: schema as JsonObject }
  if (format.type === 'json_object') return { type: 'json-object' }
  throw invalid('response_format.json_schema.schema', 'response_format.json_schema.schema is required')
}

/** LocalAI's own way to ask for one of several JSON objects: a schema. */
function toFunctionsFormat(schema: GenerationFields['grammar_json_functions']): ResponseFormat | undefined {
  return schema === undefined || schema === null ? undefined : { type: 'json-schema', schema: schema as JsonObject }
}

function toSampling(body: GenerationFields): Sampling {
  return {
    ...present('temperature', body.temperature),
    ...present('topP', body.top_p),
    ...present('topK', body.top_k),
    ...present('minP', body.min_p),
    ...present('typicalP', body.typical_p),
    ...present('seed', body.seed),
    ...present('stop', typeof body.stop === 'string' ? [body.stop] : body.stop),
    ...present('frequencyPenalty', body.frequency_penalty),
    ...present('presencePenalty', body.presence_penalty),
    ...present('repeatPenalty', body.repeat_penalty),
    ...present('repeatLastN', body.repeat_last_n),
    ...present('logitBias', toLogitBias(body.logit_bias)),
    ...present('ignoreEos', body.ignore_eos),
    ...present('grammar', body.grammar === '' ? undefined : body.grammar),
    ...present('tailFreeZ', body.tfz),
    ...present('keepTokens', body.n_keep),
    ...present('batch', body.batch),
    ...present('mirostat', body.mirostat),
    ...present('mirostatEta', body.mirostat_eta),
    ...present('mirostatTau', body.mirostat_tau),
    ...present('negativePrompt', body.negative_prompt),
    ...present('negativePromptScale', body.negative_prompt_scale),
    ...present('ropeFreqBase', body.rope_freq_base),
    ...present('ropeFreqScale', body.rope_freq_scale),
  }
}

function toTopLogprobs({ logprobs, top_logprobs: top }: ChatCompletionRequest): number | undefined {
  if (logprobs === true) return top ?? 0
  if ((top ?? 0) > 0) throw invalid('top_logprobs', 'top_logprobs needs logprobs: true')
  return undefined
}

function toLogitBias(bias: GenerationFields['logit_bias']): Readonly<Record<string, number>> | undefined {
  if (bias === undefined || bias === null) return undefined
  for (const token of Object.keys(bias)) {
    if (!/^\d{1,10}$/.test(token)) throw invalid('logit_bias', `logit_bias: "${token.slice(0, 20)}" is no token id`)
  }
  return bias
}

function toMessage(message: Message, index: number): ChatMessage {
  const toolCalls = toToolCalls(message, index)
  return {
    // The predecessor of `tool`, which answers by name.
    role: message.role === 'function' ? 'tool' : message.role,
    content: toText(message.content, `messages[${index}].content`),
    ...present('name', message.name),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...present('toolCallId', message.tool_call_id ?? (message.role === 'function' ? message.name : undefined)),
    ...present('reasoning', message.reasoning_content ?? message.reasoning),
  }
}

function toText(content: Message['content'], field: string): string {
  if (content === undefined || content === null) return ''
  if (typeof content === 'string') return content
  return content.map((part, index) => partText(part, `${field}[${index}]`)).join('\n')
}

function partText(part: ContentPart, field: string): string {
  if (part.type === 'text' && typeof part.text === 'string') return part.text
  if (part.type === 'refusal' && typeof part.refusal === 'string') return part.refusal
  if (part.type === 'text') throw invalid(`${field}.text`, `${field}.text is required`)
  throw unsupported(field, `${field} is of type "${part.type}": this node takes text only, no images, audio or video`)
}

function toToolCalls(message: Message, index: number): readonly ToolCall[] {
  const calls = message.tool_calls ?? []
  const legacy = message.function_call
  const legacyCalls = legacy === undefined || legacy === null ? [] : [{ id: legacy.name, function: legacy }]
  return [...calls, ...legacyCalls].map((call, position) => ({
    id: call.id ?? `call_${index}_${position}`,
    name: call.function.name,
    arguments: toArgumentsText(call.function.arguments),
  }))
}

function toArgumentsText(value: string | Record<string, unknown> | null | undefined): string {
  if (value === undefined || value === null) return '{}'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function toTools(body: ChatCompletionRequest): readonly ToolDefinition[] {
  const tools = (body.tools ?? []).map((tool, index) => {
    if (tool.type !== 'function') {
      throw unsupported(`tools[${index}].type`, `tools[${index}].type must be "function", not "${tool.type}"`)
    }
    if (tool.function === undefined) {
      throw invalid(`tools[${index}].function`, `tools[${index}].function is required`)
    }
    return toTool(tool.function)
  })
  return tools.length > 0 ? tools : (body.functions ?? []).map(toTool)
}

function toTool(definition: FunctionDefinition): ToolDefinition {
  return {
    name: definition.name,
    ...present('description', definition.description),
    ...present('parameters', definition.parameters as JsonObject | null | undefined),
    ...present('strict', definition.strict),
  }
}

function toToolChoice(body: ChatCompletionRequest, tools: readonly ToolDefinition[]): ToolChoice | undefined {
  const [field, choice] =
    body.tool_choice === undefined || body.tool_choice === null
      ? (['function_call', body.function_call] as const)
      : (['tool_choice', body.tool_choice] as const)
  if (choice === undefined || choice === null) return undefined
  if (choice === 'none' || choice === 'auto') return choice
  if (tools.length === 0) throw invalid(field, `${field} needs tools to choose from`)
  if (choice === 'required') return choice
  const name = 'function' in choice ? choice.function.name : choice.name
  if (!tools.some((tool) => tool.name === name)) throw invalid(field, `${field}: there is no tool named "${name}"`)
  return { name }
}

/** Whether the model may think is told in words of its own (`toMetadata`). */
function toTemplateValues({ chat_template_kwargs: given }: ChatCompletionRequest): JsonObject | undefined {
  const { enable_thinking: _, ...values } = given ?? {}
  return Object.keys(values).length === 0 ? undefined : values
}

function toMetadata(body: ChatCompletionRequest): Readonly<Record<string, string>> {
  const thinking = body.chat_template_kwargs?.enable_thinking
  const given = Object.entries(body.metadata ?? {}).map(([key, value]) => [key, String(value)])
  return {
    ...effortMetadata(body.reasoning_effort),
    ...(typeof thinking === 'boolean' ? { enable_thinking: String(thinking) } : {}),
    ...Object.fromEntries(given),
  }
}

/** Zero and below mean: no limit of the request's own. */
function positive(value: number | null | undefined): number | undefined {
  return value === undefined || value === null || value <= 0 ? undefined : value
}

function present<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  return value === undefined || value === null ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}

function invalid(param: string, message: string): AppError {
  return new AppError('request.invalid', message, { details: { param } })
}

function unsupported(param: string, message: string): AppError {
  return new AppError('request.unsupported', message, { details: { param } })
}
