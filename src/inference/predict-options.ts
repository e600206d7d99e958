import type { JsonValue } from '../base/json.ts'
import type { Message } from '../grpc/generated/backend/Message.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { toToolConfig } from '../models/prompt-config.ts'
import { defined } from './defined.ts'
import { effortMetadata } from './effort.ts'
import { chatPrompt, makesPrompts } from './prompts/chat-prompt.ts'
import { toolCallJson } from './prompts/template-data.ts'
import { textPrompt } from './prompts/text-prompt.ts'
import type { ChatMessage, ChatRequest, CompletionRequest, ToolChoice, ToolDefinition } from './request.ts'
import { grammarOption, samplingOptions } from './sampling-options.ts'
import { noActionTool } from './tools/call-keys.ts'
import { toolGrammar } from './tools/tool-grammar.ts'

/**
 * A chat in the backend's words: as messages, which it renders with the model's own chat template, or as one prompt, when
 * the model's configuration says how to make it.
 */
export function chatOptions(request: ChatRequest, config: ModelConfig, random: () => number): PredictOptions {
  const sampling = samplingOptions(request.sampling, config, random)
  const values = metadata(request, config)
  if (makesPrompts(config)) {
    const { tools, grammar } = toldTools(request, config)
    const given = grammar === undefined ? grammarOption(request.sampling, request.responseFormat, config) : {}
    const hasGrammar = grammar !== undefined || given.Grammar !== undefined
    return {
      ...sampling,
      ...given,
      ...(grammar === undefined ? {} : { Grammar: grammar }),
      Prompt: chatPrompt(config, { messages: request.messages, tools, hasGrammar, metadata: values }),
      Metadata: values,
    }
  }
  return {
    ...sampling,
    // A forced call is the answer: its own grammar holds it, and a response format would rule it out.
    ...(forcesCall(request) ? {} : grammarOption(request.sampling, request.responseFormat, config)),
    ...toolOptions(request),
    UseTokenizerTemplate: true,
    Messages: withSystemPrompt(request.messages, config).map(toMessage),
    Metadata: values,
  }
}

function forcesCall({ tools = [], toolChoice = 'auto' }: ChatRequest): boolean {
  return tools.length > 0 && toolChoice !== 'auto' && toolChoice !== 'none'
}

/** The tools that the answer may call. */
export function callableTools({ tools = [], toolChoice = 'auto' }: ChatRequest): readonly ToolDefinition[] {
  if (toolChoice === 'none') return []
  return typeof toolChoice === 'string' ? tools : tools.filter(({ name }) => name === toolChoice.name)
}

/** The tools that a prompt tells of, and the grammar that holds the answer to them. */
function toldTools(
  request: ChatRequest,
  { tools: config = toToolConfig() }: ModelConfig,
): { readonly tools: readonly ToolDefinition[]; readonly grammar?: string } {
  const callable = callableTools(request)
  if (callable.length === 0 || config.grammar === undefined) return { tools: callable }
  const free = config.noAction !== undefined && !forcesCall(request)
  const tools = free ? [...callable, noActionTool(config.noAction)] : callable
  if (request.sampling.grammar !== undefined) return { tools }
  return { tools, grammar: toolGrammar(tools, config, config.grammar) }
}

/** The prompt goes to the model as it is, or in the model's template for such prompts. */
export function completionOptions(
  request: CompletionRequest,
  config: ModelConfig,
  random: () => number,
): PredictOptions {
  return {
    ...samplingOptions(request.sampling, config, random),
    ...grammarOption(request.sampling, request.responseFormat, config),
    Prompt: textPrompt(request, config),
  }
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
    tool_calls: toolCalls.length === 0 ? undefined : JSON.stringify(toolCalls.map(toolCallJson)),
  })
}

function metadata(request: ChatRequest, config: ModelConfig): Record<string, string> {
  const thinking = config.reasoningDisabled === undefined ? {} : { enable_thinking: String(!config.reasoningDisabled) }
  // A text that the caller labels its request with is no values for a template.
  const { chat_template_kwargs: _, ...said } = request.metadata ?? {}
  const effort = said['reasoning_effort'] === undefined ? effortMetadata(config.reasoningEffort) : {}
  const values = { ...config.templateValues, ...request.templateValues }
  return {
    ...thinking,
    ...effort,
    ...said,
    ...(Object.keys(values).length === 0 ? {} : { chat_template_kwargs: JSON.stringify(values) }),
  }
}
