import type { ChatMessage, ToolCall } from '../../inference/request.ts'
import { invalid, unsupported } from './refusals.ts'
import type { ContentBlock, CountTokensRequest, Message, ResultBlock } from './schema.ts'

/** The conversation, with the system prompt in front. Turns of one role that follow each other are one turn. */
export function toMessages({ system, messages }: CountTokensRequest): readonly ChatMessage[] {
  const instructions = system === undefined || system === null ? '' : joinTexts(system, 'system')
  const turns = messages.flatMap((message, index) => toTurns(message, `messages[${index}].content`))
  return [...(instructions === '' ? [] : [{ role: 'system' as const, content: instructions }]), ...merged(turns)]
}

function toTurns({ role, content }: Message, field: string): readonly ChatMessage[] {
  if (typeof content === 'string') return [{ role, content }]
  if (role === 'system') return [{ role, content: joinTexts(content, field) }]
  return role === 'user' ? toUserTurns(content, field) : [toAssistantTurn(content, field)]
}

/** What tools gave back are turns of their own, in the order of the blocks. Without any, somebody has said nothing. */
function toUserTurns(blocks: readonly ContentBlock[], field: string): readonly ChatMessage[] {
  if (blocks.length === 0) return [{ role: 'user', content: '' }]
  return blocks.map((block, index): ChatMessage => {
    const place = `${field}[${index}]`
    if (block.type !== 'tool_result') return { role: 'user', content: textOf(block, place) }
    return {
      role: 'tool',
      content: toResultText(block, place),
      toolCallId: needed(block.tool_use_id, `${place}.tool_use_id`),
    }
  })
}

function toResultText({ content, is_error: failed }: ContentBlock, place: string): string {
  const text = content === undefined || content === null ? '' : joinTexts(content, `${place}.content`)
  return failed === true ? `Error: ${text}` : text
}

/** What was redacted in the thoughts only its maker can read, so it is left out. */
function toAssistantTurn(blocks: readonly ContentBlock[], field: string): ChatMessage {
  const texts: string[] = []
  const thoughts: string[] = []
  const toolCalls: ToolCall[] = []
  for (const [index, block] of blocks.entries()) {
    const place = `${field}[${index}]`
    if (block.type === 'thinking') thoughts.push(block.thinking ?? '')
    else if (block.type === 'tool_use') toolCalls.push(toToolCall(block, place))
    else if (block.type !== 'redacted_thinking') texts.push(textOf(block, place))
  }
  const reasoning = thoughts.filter((thought) => thought !== '').join('\n')
  return {
    role: 'assistant',
    // These are pieces of one answer, cut where a call or a citation stood.
    content: texts.join(''),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(reasoning === '' ? {} : { reasoning }),
  }
}

function toToolCall({ id, name, input = {} }: ContentBlock, place: string): ToolCall {
  return { id: needed(id, `${place}.id`), name: needed(name, `${place}.name`), arguments: JSON.stringify(input) }
}

function joinTexts(content: string | readonly ResultBlock[], field: string): string {
  if (typeof content === 'string') return content
  return content.map((block, index) => textOf(block, `${field}[${index}]`)).join('\n')
}

function textOf({ type, text, source, title }: ResultBlock, place: string): string {
  if (type === 'text') return needed(text, `${place}.text`)
  if (type === 'document' && source?.type === 'text') {
    return [title, needed(source.data, `${place}.source.data`)].filter((part) => typeof part === 'string').join('\n')
  }
  throw unsupported(place, `${place} is of type "${type}": this node takes text only, no images or other files`)
}

function needed(value: string | null | undefined, field: string): string {
  if (value === undefined || value === null) throw invalid(field, `${field} is required`)
  return value
}

/** Anthropic reads consecutive turns of one role as one, and many chat templates insist that roles alternate. */
function merged(turns: readonly ChatMessage[]): readonly ChatMessage[] {
  const result: ChatMessage[] = []
  for (const turn of turns) {
    const last = result.at(-1)
    if (last === undefined || last.role !== turn.role || turn.role === 'tool') result.push(turn)
    else result[result.length - 1] = joined(last, turn)
  }
  return result
}

function joined(one: ChatMessage, other: ChatMessage): ChatMessage {
  const toolCalls = [...(one.toolCalls ?? []), ...(other.toolCalls ?? [])]
  const reasoning = joinedLines([one.reasoning, other.reasoning])
  return {
    role: one.role,
    content: joinedLines([one.content, other.content]),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(reasoning === '' ? {} : { reasoning }),
  }
}

function joinedLines(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n')
}
