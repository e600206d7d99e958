import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { Message } from '../../grpc/generated/backend/Message.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import { type Addressee, cannot, samplingFields } from './sampling-fields.ts'

/** The body of `/v1/chat/completions`. Throws `request.unsupported` for what the server cannot be asked. Pure. */
export function toChatBody(predict: PredictOptions, to: Addressee): JsonObject {
  const { Messages = [], Logprobs = 0, TopLogprobs = 0 } = predict
  return {
    model: to.model,
    messages: Messages.map((message) => toWireMessage(message, to)),
    stream: true,
    stream_options: { include_usage: true },
    ...samplingFields(predict, to),
    ...(Logprobs > 0 ? { logprobs: true, top_logprobs: TopLogprobs } : {}),
    ...toolFields(predict, to),
    ...formatFields(predict, to),
    ...templateFields(predict, to),
  }
}

function toWireMessage(message: Message, { dialect }: Addressee): JsonObject {
  const { role = 'user', content = '', name, tool_call_id, tool_calls, reasoning_content } = message
  return {
    // Only OpenAI's own models know the developer; their servers take its words from the system as well.
    role: role === 'developer' ? 'system' : role,
    content,
    ...(name === undefined || name === '' ? {} : { name }),
    ...(tool_call_id === undefined || tool_call_id === '' ? {} : { tool_call_id }),
    ...(tool_calls === undefined || tool_calls === '' ? {} : { tool_calls: JSON.parse(tool_calls) as JsonValue }),
    ...(dialect.templateValues && reasoning_content !== undefined && reasoning_content !== ''
      ? { reasoning_content }
      : {}),
  }
}

function toolFields({ Tools, ToolChoice }: PredictOptions, to: Addressee): JsonObject {
  if (Tools === undefined || Tools === '') return {}
  const tools = JSON.parse(Tools) as JsonValue
  if (ToolChoice === undefined || ToolChoice === '' || ToolChoice === 'auto') return { tools }
  if (!to.dialect.toolChoice) throw cannot(to, 'tool_choice')
  return { tools, tool_choice: ToolChoice.startsWith('{') ? (JSON.parse(ToolChoice) as JsonValue) : ToolChoice }
}

function formatFields({ Grammar, ResponseFormat }: PredictOptions, to: Addressee): JsonObject {
  if (Grammar !== undefined && Grammar !== '') {
    if (!to.dialect.grammar) throw cannot(to, 'grammar')
    return { grammar: Grammar }
  }
  return ResponseFormat === undefined || ResponseFormat === '' ? {} : { response_format: parseFormat(ResponseFormat) }
}

/** What the chat template of the model is given, where the server has one that takes values. */
function templateFields({ Metadata = {} }: PredictOptions, to: Addressee): JsonObject {
  const { enable_thinking: thinking, reasoning_effort, chat_template_kwargs: given = '' } = Metadata
  const effort = reasoning_effort === undefined ? {} : { reasoning_effort }
  if (!to.dialect.templateValues) {
    if (given !== '') throw cannot(to, 'chat_template_kwargs')
    return effort
  }
  const switched = thinking === 'true' || thinking === 'false' ? { enable_thinking: thinking === 'true' } : {}
  const values = { ...switched, ...effort, ...parseFormat(given === '' ? '{}' : given) }
  return Object.keys(values).length === 0 ? {} : { chat_template_kwargs: values }
}

export function parseFormat(text: string): JsonObject {
  const format: unknown = JSON.parse(text)
  return isObject(format) ? (format as JsonObject) : {}
}
