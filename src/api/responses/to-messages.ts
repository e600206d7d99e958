import type { ChatMessage } from '../../inference/request.ts'
import type { FunctionCallItem, Item, MessageItem, ReasoningItem } from '../../responses/items.ts'

type Turn = { -readonly [K in keyof ChatMessage]: ChatMessage[K] }
type ItemOfModel = ReasoningItem | FunctionCallItem | MessageItem

/**
 * A conversation as a chat model reads it. What a model thought, said and called in one go are several items here and
 * one message there.
 */
export function toMessages(items: readonly Item[]): ChatMessage[] {
  const messages: Turn[] = []
  /** The model's, while it lasts. */
  let turn: Turn | undefined
  for (const item of items) {
    if (item.type === 'function_call_output') {
      turn = undefined
      messages.push({ role: 'tool', toolCallId: item.call_id, content: outputOf(item) })
    } else if (item.type === 'message' && item.role !== 'assistant') {
      turn = undefined
      messages.push({ role: item.role, content: contentOf(item) })
    } else {
      if (turn === undefined || beginsTurn(item, turn)) {
        turn = { role: 'assistant', content: '' }
        messages.push(turn)
      }
      addToTurn(turn, item)
    }
  }
  return messages
}

/** A model thinks before it speaks, and speaks before it calls. */
function beginsTurn({ type }: ItemOfModel, turn: Turn): boolean {
  return type !== 'function_call' && (turn.content !== '' || turn.toolCalls !== undefined)
}

function addToTurn(turn: Turn, item: ItemOfModel): void {
  switch (item.type) {
    case 'reasoning':
      turn.reasoning = [turn.reasoning ?? '', reasoningOf(item)].filter((text) => text !== '').join('\n')
      break
    case 'function_call':
      turn.toolCalls = [...(turn.toolCalls ?? []), { id: item.call_id, name: item.name, arguments: item.arguments }]
      break
    case 'message':
      turn.content = contentOf(item)
      break
    default:
      item satisfies never
  }
}

function contentOf({ content }: MessageItem): string {
  return content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('\n')
}

function outputOf({ output }: Extract<Item, { type: 'function_call_output' }>): string {
  return typeof output === 'string' ? output : output.map(({ text }) => text).join('\n')
}

function reasoningOf({ content, summary }: ReasoningItem): string {
  return (content.length > 0 ? content : summary).map(({ text }) => text).join('\n')
}
