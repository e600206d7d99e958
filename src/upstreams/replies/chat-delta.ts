import { isObject } from '../../base/json.ts'
import type { ChatDelta__Output } from '../../grpc/generated/backend/ChatDelta.ts'
import type { ToolCallDelta__Output } from '../../grpc/generated/backend/ToolCallDelta.ts'
import { natural } from './usage.ts'

/** More calls than this in one answer are nobody's wish. */
const MOST_CALLS = 1024

/** What a delta of a chat brings; undefined when that is nothing. Thoughts have three names in the field. */
export function chatDelta(delta: unknown): ChatDelta__Output | undefined {
  if (!isObject(delta)) return undefined
  const { content, reasoning_content, reasoning, thinking, tool_calls } = delta
  const thoughts = [reasoning_content, reasoning, thinking].find((value) => typeof value === 'string' && value !== '')
  const said = typeof content === 'string' ? content : ''
  const calls = Array.isArray(tool_calls) ? tool_calls.flatMap(toCall) : []
  if (said === '' && thoughts === undefined && calls.length === 0) return undefined
  return { content: said, reasoning_content: typeof thoughts === 'string' ? thoughts : '', tool_calls: calls }
}

function toCall(call: unknown, place: number): ToolCallDelta__Output[] {
  if (!isObject(call)) return []
  const called = isObject(call['function']) ? call['function'] : {}
  const index = natural(call['index']) ?? place
  if (index >= MOST_CALLS) return []
  return [{ index, id: text(call['id']), name: text(called['name']), arguments: argumentsOf(called['arguments']) }]
}

/** Some servers send the arguments as an object. */
function argumentsOf(value: unknown): string {
  return isObject(value) ? JSON.stringify(value) : text(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
