import type { JsonObject, JsonValue } from '../../base/json.ts'
import { fromJson, type Struct, struct, type Value } from '../../templates/value.ts'
import type { ToolCall, ToolDefinition } from '../request.ts'

/** What a template for a whole prompt sees; names and meanings are LocalAI's (model-config.md, section 5). */
export interface PromptData {
  readonly systemPrompt: string
  readonly suppressSystemPrompt: boolean
  readonly input: string
  readonly instruction: string
  readonly functions: readonly ToolDefinition[]
  readonly metadata: Readonly<Record<string, string>>
}

export function promptData(data: Partial<PromptData>): Struct {
  const { functions = [], metadata = {} } = data
  return struct({
    SystemPrompt: data.systemPrompt ?? '',
    SuppressSystemPrompt: data.suppressSystemPrompt ?? false,
    Input: data.input ?? '',
    Instruction: data.instruction ?? '',
    Functions: functions.map(toolData),
    MessageIndex: 0,
    ReasoningEffort: metadata['reasoning_effort'] ?? '',
    Metadata: fromJson(metadata),
  })
}

export interface MessageData {
  readonly systemPrompt: string
  /** What the model's configuration puts in front of this role's messages. */
  readonly rolePrefix: string
  readonly role: string
  readonly functionName: string
  readonly content: string
  readonly index: number
  readonly isLast: boolean
  /** A grammar will hold the answer to this message. */
  readonly hasGrammar: boolean
  readonly toolCalls: readonly ToolCall[]
}

export function messageData(data: MessageData): Struct {
  return struct({
    SystemPrompt: data.systemPrompt,
    Role: data.rolePrefix,
    RoleName: data.role,
    FunctionName: data.functionName,
    Content: data.content,
    MessageIndex: data.index,
    Function: data.hasGrammar && data.isLast,
    FunctionCall: data.toolCalls.length === 0 ? null : data.toolCalls.map(callData),
    LastMessage: data.isLast,
  })
}

function toolData({ name, description = '', strict = false, parameters = {} }: ToolDefinition): Value {
  const json: JsonObject = { name, description, strict, parameters: inOrder(parameters) }
  return struct({ Name: name, Description: description, Strict: strict, Parameters: fromJson(parameters) }, json)
}

function callData(call: ToolCall, index: number): Value {
  const called = struct({ Name: call.name, Arguments: call.arguments }, { name: call.name, arguments: call.arguments })
  return struct({ Index: index, ID: call.id, Type: 'function', FunctionCall: called }, { index, ...toolCallJson(call) })
}

/** As OpenAI's API writes a call. */
export function toolCallJson(call: ToolCall): JsonObject {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}

/** Go writes the keys of a map in order. */
function inOrder(json: JsonValue): JsonValue {
  if (isJsonList(json)) return json.map(inOrder)
  if (json === null || typeof json !== 'object') return json
  const entries = Object.entries(json).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, value]) => [key, inOrder(value ?? null)]))
}

function isJsonList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json)
}
