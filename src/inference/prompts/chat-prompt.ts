import type { ModelConfig } from '../../models/model-config.ts'
import type { PromptConfig } from '../../models/prompt-config.ts'
import type { ChatMessage, ToolDefinition } from '../request.ts'
import { templatesOf } from './prompt-templates.ts'
import { messageData, promptData, toolCallJson } from './template-data.ts'

export interface ChatPromptInit {
  readonly messages: readonly ChatMessage[]
  /** The tools that the answer may call; with some, `template.function` is used. */
  readonly tools: readonly ToolDefinition[]
  readonly hasGrammar: boolean
  readonly metadata: Readonly<Record<string, string>>
}

/** Whether the node puts the model's conversations into one text, and not the backend. */
export function makesPrompts(config: ModelConfig): config is ModelConfig & { readonly prompts: PromptConfig } {
  return config.prompts?.style === 'templates'
}

/**
 * A conversation as one text, by the templates and roles of the model's configuration (model-config.md, section 5): each
 * message by `chat_message` or behind what stands for its role, joined, and all of them by `chat` or `function`.
 */
export function chatPrompt(
  { prompts, systemPrompt = '' }: Pick<ModelConfig, 'systemPrompt'> & { readonly prompts: PromptConfig },
  { messages, tools, hasGrammar, metadata }: ChatPromptInit,
): string {
  const templates = templatesOf(prompts)
  const forMessage = templates('chat_message')
  const written = messages.map((message, index) => {
    const described = {
      ...describe(messages, index, prompts),
      systemPrompt,
      hasGrammar,
      isLast: index === messages.length - 1,
    }
    return forMessage?.render(messageData(described)) ?? plainMessage(message, described.rolePrefix)
  })
  const input = written.filter((text) => text !== '').join(prompts.joint)
  const whole = (tools.length > 0 ? templates('function') : undefined) ?? templates('chat')
  if (whole === undefined) return input
  const printed = forMessage === undefined && messages.some(({ role, content }) => isSystem(role) && content !== '')
  return whole.render(promptData({ systemPrompt, suppressSystemPrompt: printed, input, functions: tools, metadata }))
}

function describe(messages: readonly ChatMessage[], index: number, { roles }: PromptConfig) {
  const { role, content = '', toolCalls = [], name, toolCallId } = messages[index] ?? { role: 'user' as const }
  const roleName = isSystem(role) ? 'system' : role
  const callRole = roles['assistant_function_call'] ?? ''
  const calls = role === 'assistant' && toolCalls.length > 0 && callRole !== ''
  return {
    rolePrefix: calls ? callRole : (roles[roleName] ?? ''),
    role: roleName,
    functionName: name ?? calledName(messages.slice(0, index), toolCallId),
    content,
    index,
    toolCalls,
  }
}

/** Templates were written when there were no developers. */
function isSystem(role: ChatMessage['role']): boolean {
  return role === 'system' || role === 'developer'
}

/** The name of the function whose result a message brings: clients need not repeat it. */
function calledName(before: readonly ChatMessage[], id: string | undefined): string {
  if (id === undefined) return ''
  return before.flatMap(({ toolCalls = [] }) => toolCalls).findLast((call) => call.id === id)?.name ?? ''
}

/** Without a template: the role's text, the message, and on a line of their own the calls as JSON. */
function plainMessage({ content, toolCalls = [] }: ChatMessage, rolePrefix: string): string {
  const said = content === '' ? '' : rolePrefix + content
  if (toolCalls.length === 0) return said
  const calls = JSON.stringify(toolCalls.map(toolCallJson))
  const called = rolePrefix === '' ? calls : `${rolePrefix} ${calls}`
  return said === '' ? called : `${said}\n${called}`
}
