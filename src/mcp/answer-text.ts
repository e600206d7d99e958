import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { ToolAnswer } from './tool-server.ts'

/** What a tool gave back, as text: of pictures and sounds a text model learns that they are there. */
export function toToolAnswer(result: CallToolResult, maxLength: number): ToolAnswer {
  const parts = result.content.map(partText).filter((text) => text !== '')
  const structured = result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent)
  const failed = result.isError === true
  const text = parts.length > 0 ? parts.join('\n') : structured
  return { text: cut(text === '' && failed ? 'the tool failed without saying why' : text, maxLength), failed }
}

/** At most `maxLength` characters of the text, and what was left out. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const last = text.charCodeAt(maxLength - 1)
  const end = last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength
  return `${text.slice(0, end)}\n[cut off: ${text.length - end} more characters]`
}

function partText(part: CallToolResult['content'][number]): string {
  switch (part.type) {
    case 'text':
      return part.text
    case 'image':
    case 'audio':
      return `[${part.type} of type ${part.mimeType}: it cannot be shown here]`
    case 'resource_link':
      return `[${part.name}: ${part.uri}]`
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `[data of ${part.resource.uri}: it cannot be shown here]`
    default:
      return part satisfies never
  }
}
