import { createHash } from 'node:crypto'
import { isObject, type JsonObject } from '../../../base/json.ts'
import type { ChatTool, ChatTurn } from './chat-format.ts'
import { parseJson } from './json-reading.ts'
import type { TemplateTraits } from './template-traits.ts'

const otherNames: ReadonlyMap<string, string> = new Map([
  ['developer', 'system'],
  ['function', 'tool'],
])

/** Roles under the names that templates know. */
export function withKnownRoles(turns: readonly ChatTurn[]): readonly ChatTurn[] {
  return turns.map((turn) => ({ ...turn, role: otherNames.get(turn.role) ?? turn.role }))
}

/** Puts a text in front of the conversation: as its system turn, joined to one that is there. */
export function withSystemText(turns: readonly ChatTurn[], text: string): readonly ChatTurn[] {
  const [first, ...rest] = turns
  if (first?.role !== 'system') return [{ role: 'system', content: text }, ...turns]
  return [{ ...first, content: `${first.content}\n\n${text}` }, ...rest]
}

/** For a template without a system role: what the system says goes in front of the next thing the user says. */
export function withoutSystemRole(turns: readonly ChatTurn[]): readonly ChatTurn[] {
  const rest: ChatTurn[] = []
  let pending: string[] = []
  for (const turn of turns) {
    if (turn.role === 'system') {
      pending.push(turn.content)
    } else if (turn.role === 'user' && pending.length > 0) {
      rest.push({ ...turn, content: [...pending, turn.content].join('\n\n') })
      pending = []
    } else {
      rest.push(turn)
    }
  }
  return pending.length === 0 ? rest : [...rest, { role: 'user', content: pending.join('\n\n') }]
}

/** The conversation in the shape that templates are written for: OpenAI's, as Hugging Face has it. */
export function toTemplateMessages(turns: readonly ChatTurn[], traits: TemplateTraits): readonly unknown[] {
  const calledNames = new Map(turns.flatMap((turn) => turn.toolCalls?.map(({ id, name }) => [id, name] as const) ?? []))
  return turns.map((turn) => {
    const { role, toolCallId, toolCalls = [] } = turn
    const name = turn.name ?? (role === 'tool' ? calledNames.get(toolCallId ?? '') : undefined)
    return {
      role,
      content: contentFor(turn, traits),
      ...(name === undefined ? {} : { name }),
      ...(turn.reasoning === undefined ? {} : reasoningFor(turn, turn.reasoning)),
      ...(toolCallId === undefined ? {} : { tool_call_id: callIdFor(toolCallId, traits) }),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map((call) => toTemplateCall(call, traits)) }),
    }
  })
}

/** Templates that call it `thinking` want it only where a call follows from it and nothing is said. */
function reasoningFor({ content, toolCalls = [] }: ChatTurn, reasoning: string): object {
  const leadsToCall = content === '' && toolCalls.length > 0
  return { reasoning_content: reasoning, ...(leadsToCall ? { thinking: reasoning } : {}) }
}

function contentFor({ content, toolCalls = [] }: ChatTurn, traits: TemplateTraits): unknown {
  if (content === '' && toolCalls.length > 0 && traits.nullContent) return null
  return traits.typedContent ? [{ type: 'text', text: content }] : content
}

function toTemplateCall(
  { id, name, arguments: text }: NonNullable<ChatTurn['toolCalls']>[number],
  traits: TemplateTraits,
) {
  return { id: callIdFor(id, traits), type: 'function', function: { name, arguments: argumentsFor(text, traits) } }
}

function argumentsFor(text: string, { argumentsAsText, brokenArguments }: TemplateTraits): unknown {
  if (argumentsAsText) return text
  const value = parseJson(text === '' ? '{}' : text)
  if (isObject(value)) return value
  // A call that was cut off must not be the end of its conversation.
  return brokenArguments ? text : {}
}

/** The id itself, or one of the length that the template insists on, always the same for the same id. */
function callIdFor(id: string, { callIdLength }: TemplateTraits): string {
  if (callIdLength === undefined || id.length === callIdLength) return id
  const digest = BigInt(`0x${createHash('sha256').update(id).digest('hex')}`)
  return digest.toString(36).slice(0, callIdLength)
}

export function toTemplateTools(tools: readonly ChatTool[], { describedTools }: TemplateTraits): readonly unknown[] {
  return tools.map(({ name, description = describedTools ? '' : undefined, parameters }) => ({
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters: describedTools ? withDescriptions(parameters) : parameters }),
    },
  }))
}

function withDescriptions(parameters: JsonObject): JsonObject {
  const { properties } = parameters
  if (!isObject(properties)) return { ...parameters, properties: {} }
  const described = Object.entries(properties).map(([name, schema]) => [
    name,
    isObject(schema) ? { description: '', ...schema } : { description: '' },
  ])
  return { ...parameters, properties: Object.fromEntries(described) as JsonObject }
}
