import { AppError } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import { jsonObjectGbnf } from '../grammar/json-rules.ts'
import { jsonSchemaToGbnf } from '../grammar/json-schema-to-gbnf.ts'
import type { Message } from '../grpc/generated/backend/Message.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type {
  ChatMessage,
  ChatRequest,
  CompletionRequest,
  ResponseFormat,
  Sampling,
  ToolCall,
  ToolChoice,
  ToolDefinition,
} from './request.ts'

/** LocalAI's own defaults for what neither the request nor the model's configuration says. */
const DEFAULTS = { temperature: 0.9, topP: 0.95, topK: 40, typicalP: 1 } as const

/** One more than the largest seed the wire can carry. */
const SEED_RANGE = 2 ** 31

/** The backend renders the conversation with the model's own chat template. */
export function chatOptions(request: ChatRequest, config: ModelConfig, random: () => number): PredictOptions {
  return {
    ...samplingOptions(request.sampling, config, random),
    // A forced call is the answer: its own grammar holds it, and a response format would rule it out.
    ...(forcesCall(request) ? {} : grammarOption(request.sampling, request.responseFormat, config)),
    ...toolOptions(request),
    UseTokenizerTemplate: true,
    Messages: withSystemPrompt(request.messages, config).map(toMessage),
    Metadata: metadata(request, config),
  }
}

function forcesCall({ tools = [], toolChoice = 'auto' }: ChatRequest): boolean {
  return tools.length > 0 && toolChoice !== 'auto' && toolChoice !== 'none'
}

/** The prompt goes to the model as it is. */
export function completionOptions(
  request: CompletionRequest,
  config: ModelConfig,
  random: () => number,
): PredictOptions {
  return {
    ...samplingOptions(request.sampling, config, random),
    ...grammarOption(request.sampling, request.responseFormat, config),
    Prompt: request.prompt,
  }
}

function samplingOptions(sampling: Sampling, config: ModelConfig, random: () => number): PredictOptions {
  const configured = config.parameters
  const optional = {
    Tokens: sampling.maxTokens ?? configured.maxTokens,
    MinP: sampling.minP ?? configured.minP,
    Penalty: sampling.repeatPenalty ?? configured.repeatPenalty,
    Repeat: sampling.repeatLastN ?? configured.repeatLastN,
    FrequencyPenalty: sampling.frequencyPenalty ?? configured.frequencyPenalty,
    PresencePenalty: sampling.presencePenalty ?? configured.presencePenalty,
    IgnoreEOS: sampling.ignoreEos ?? configured.ignoreEos,
    LogitBias: sampling.logitBias === undefined ? undefined : JSON.stringify(sampling.logitBias),
    ...(sampling.topLogprobs === undefined ? {} : { Logprobs: 1, TopLogprobs: sampling.topLogprobs }),
  }
  return {
    ...defined(optional),
    Temperature: sampling.temperature ?? configured.temperature ?? DEFAULTS.temperature,
    TopP: sampling.topP ?? configured.topP ?? DEFAULTS.topP,
    TopK: sampling.topK ?? configured.topK ?? DEFAULTS.topK,
    TypicalP: sampling.typicalP ?? configured.typicalP ?? DEFAULTS.typicalP,
    Seed: wireSeed(sampling.seed ?? configured.seed ?? -1, random),
    StopPrompts: [...new Set([...config.stopWords, ...(sampling.stop ?? [])])].filter((word) => word !== ''),
  }
}

/** Negative means random, and the dice are thrown here: to some backends -1 is a seed like any other. */
function wireSeed(seed: number, random: () => number): number {
  return seed < 0 ? Math.floor(random() * SEED_RANGE) : seed % SEED_RANGE
}

function grammarOption(
  sampling: Sampling,
  format: ResponseFormat | undefined,
  config: ModelConfig,
): Pick<PredictOptions, 'Grammar'> {
  const constrained = format !== undefined && format.type !== 'text'
  if (sampling.grammar !== undefined) {
    if (constrained) throw new AppError('request.invalid', 'give either grammar or response_format, not both')
    return { Grammar: sampling.grammar }
  }
  if (format?.type === 'json-object') return { Grammar: jsonObjectGbnf() }
  if (format?.type === 'json-schema') return { Grammar: jsonSchemaToGbnf(format.schema) }
  return config.grammar === undefined ? {} : { Grammar: config.grammar }
}

function toolOptions({ tools = [], toolChoice }: ChatRequest): Pick<PredictOptions, 'Tools' | 'ToolChoice'> {
  if (tools.length === 0 || toolChoice === 'none') return {}
  return { Tools: JSON.stringify(tools.map(toToolJson)), ToolChoice: toToolChoiceText(toolChoice ?? 'auto') }
}

function toToolJson(tool: ToolDefinition): JsonValue {
  return {
    type: 'function',
    function: defined({
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters,
      strict: tool.strict,
    }),
  }
}

function toToolChoiceText(choice: ToolChoice): string {
  return typeof choice === 'string' ? choice : JSON.stringify({ type: 'function', function: { name: choice.name } })
}

/** The configured system prompt stands in only where the conversation brings none. */
function withSystemPrompt(messages: readonly ChatMessage[], config: ModelConfig): readonly ChatMessage[] {
  const brings = messages.some(({ role }) => role === 'system' || role === 'developer')
  if (config.systemPrompt === undefined || config.systemPrompt === '' || brings) return messages
  return [{ role: 'system', content: config.systemPrompt }, ...messages]
}

function toMessage(message: ChatMessage): Message {
  const toolCalls = message.toolCalls ?? []
  return defined({
    role: message.role,
    content: message.content,
    name: message.name,
    tool_call_id: message.toolCallId,
    reasoning_content: message.reasoning,
    tool_calls: toolCalls.length === 0 ? undefined : JSON.stringify(toolCalls.map(toToolCallJson)),
  })
}

function toToolCallJson(call: ToolCall): JsonValue {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}

function metadata(request: ChatRequest, config: ModelConfig): Record<string, string> {
  const thinking = config.reasoningDisabled === undefined ? {} : { enable_thinking: String(!config.reasoningDisabled) }
  return { ...thinking, ...request.metadata }
}

/** The same object without the keys that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
