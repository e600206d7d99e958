import { AppError } from '../../base/errors.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import type { Message__Output } from '../../grpc/generated/backend/Message.ts'
import type { PredictOptions__Output } from '../../grpc/generated/backend/PredictOptions.ts'
import { parseBoundedJson } from './bounded-json.ts'
import type { ChatFormatInput, ChatTool, ChatTurn } from './chat-format/chat-format.ts'

const MOST_MESSAGES = 10_000
const MOST_TOOLS = 1024

/** PredictOptions' chat fields, whose structured parts travel as JSON strings in OpenAI's shapes. */
export function toChatInput(request: PredictOptions__Output): ChatFormatInput {
  if (request.Messages.length > MOST_MESSAGES) {
    throw new AppError('request.invalid', `more than ${MOST_MESSAGES} messages`)
  }
  const thinking = request.Metadata['enable_thinking']
  return {
    messages: request.Messages.map(toTurn),
    tools: readTools(request.Tools),
    toolChoice: readToolChoice(request.ToolChoice),
    ...(thinking === 'true' || thinking === 'false' ? { enableThinking: thinking === 'true' } : {}),
    ...templateValues(request.Metadata),
  }
}

/** The values of its own that a request has for the template; an effort is one that most templates know by that name. */
function templateValues({
  reasoning_effort: effort,
  chat_template_kwargs: given,
}: PredictOptions__Output['Metadata']): Pick<ChatFormatInput, 'templateValues'> {
  const values = given === undefined || given === '' ? {} : parseBoundedJson(given, 'chat_template_kwargs')
  if (!isObject(values)) throw new AppError('request.invalid', 'chat_template_kwargs: must be an object')
  const all = { ...(effort === undefined || effort === '' ? {} : { reasoning_effort: effort }), ...values }
  return Object.keys(all).length === 0 ? {} : { templateValues: all }
}

function toTurn(message: Message__Output): ChatTurn {
  const toolCalls = readToolCalls(message.tool_calls)
  return {
    role: message.role,
    content: message.content,
    ...(message.name === '' ? {} : { name: message.name }),
    ...(message.tool_call_id === '' ? {} : { toolCallId: message.tool_call_id }),
    ...(message.reasoning_content === '' ? {} : { reasoning: message.reasoning_content }),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
  }
}

function readToolCalls(text: string): NonNullable<ChatTurn['toolCalls']> {
  return readArray(text, 'tool_calls').map((call) => {
    const called = isObject(call) && isObject(call['function']) ? call['function'] : call
    if (!isObject(call) || !isObject(called) || typeof called['name'] !== 'string') {
      throw new AppError('request.invalid', 'tool_calls: a call without a function name')
    }
    const given = called['arguments']
    return {
      id: typeof call['id'] === 'string' ? call['id'] : '',
      name: called['name'],
      arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
    }
  })
}

function readTools(text: string): readonly ChatTool[] {
  return readArray(text, 'tools').map((tool) => {
    const definition = isObject(tool) && isObject(tool['function']) ? tool['function'] : tool
    if (!isObject(definition) || typeof definition['name'] !== 'string') {
      throw new AppError('request.invalid', 'tools: a tool without a name')
    }
    const { name, description, parameters, strict } = definition as Record<'name', string> & Record<string, unknown>
    return {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(isObject(parameters) ? { parameters: parameters as JsonObject } : {}),
      ...(typeof strict === 'boolean' ? { strict } : {}),
    }
  })
}

function readArray(text: string, what: string): readonly unknown[] {
  if (text.trim() === '') return []
  const value = parseBoundedJson(text, what)
  if (value === null) return []
  if (!Array.isArray(value)) throw new AppError('request.invalid', `${what}: not a JSON array`)
  if (value.length > MOST_TOOLS) throw new AppError('request.invalid', `${what}: more than ${MOST_TOOLS} entries`)
  return value
}

/** A plain word, the same word in JSON quotes, a function's name, or OpenAI's `{"type":"function","function":{...}}`. */
function readToolChoice(text: string): ChatFormatInput['toolChoice'] {
  const trimmed = text.trim()
  const choice = /^["{]/.test(trimmed) ? parseBoundedJson(trimmed, 'tool_choice') : trimmed
  if (choice === '') return 'auto'
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice
  if (typeof choice === 'string') return { name: choice }
  const named = isObject(choice) && isObject(choice['function']) ? choice['function'] : choice
  if (isObject(named) && typeof named['name'] === 'string') return { name: named['name'] }
  throw new AppError('request.invalid', 'tool_choice: neither auto, none, required nor a function')
}
