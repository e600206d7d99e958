import type { ChatTool, ChatTurn } from './chat-format.ts'

/** JSON with a blank behind each comma and colon, as Python writes it and models learned it. */
export function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`).join(', ')}}`
}

/** Tools as part of the system prompt, for models whose template knows nothing of them. */
export function describeTools(tools: readonly ChatTool[]): string {
  const lines = tools.map(({ name, description, parameters }) =>
    spacedJson({ type: 'function', function: { name, description, parameters } }),
  )
  return [
    '# Tools',
    '',
    'These functions can be called. Each line between <tools> and </tools> describes one of them:',
    '<tools>',
    ...lines,
    '</tools>',
    '',
    'To call a function, answer with its name and its arguments as JSON between <tool_call> and </tool_call>:',
    '<tool_call>',
    '{"name": "function-name", "arguments": {"argument-name": "value"}}',
    '</tool_call>',
    'The result then comes between <tool_response> and </tool_response>. When no function is needed, just answer.',
  ].join('\n')
}

/** The conversation without calls and tool turns: both become text that any template can carry. */
export function withoutToolTurns(turns: readonly ChatTurn[]): readonly ChatTurn[] {
  const plain: ChatTurn[] = []
  for (const turn of turns) {
    if (turn.role !== 'tool') {
      plain.push(withCallsAsText(turn))
      continue
    }
    const content = `<tool_response>\n${turn.content}\n</tool_response>`
    const before = plain.at(-1)
    const joins = before?.role === 'user' && before.content.endsWith('</tool_response>')
    if (joins) plain[plain.length - 1] = { ...before, content: `${before.content}\n${content}` }
    else plain.push({ role: 'user', content })
  }
  return plain
}

function withCallsAsText({ toolCalls, ...turn }: ChatTurn): ChatTurn {
  if (toolCalls === undefined || toolCalls.length === 0) return turn
  const calls = toolCalls.map(
    (call) => `<tool_call>\n{"name": ${JSON.stringify(call.name)}, "arguments": ${call.arguments}}\n</tool_call>`,
  )
  return { ...turn, content: [...(turn.content === '' ? [] : [turn.content]), ...calls].join('\n') }
}
