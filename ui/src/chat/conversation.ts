import type { AnswerPiece, ToolCallPiece } from './answer-piece.ts'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly text: string
  readonly reasoning?: string
  readonly toolCalls?: readonly ToolCallPiece[]
  /** Why there is no more of it. */
  readonly error?: string
  readonly stopped?: boolean
  /** The model's limit, or the one that was chosen, was reached. */
  readonly cut?: boolean
  readonly model?: string
  readonly node?: string
  /** Under which id the node knows the request. */
  readonly requestId?: string
  readonly tokens?: number
  readonly firstTokenMs?: number
  readonly tokensPerSecond?: number
}

/** What is left empty the model decides. */
export interface Parameters {
  readonly system: string
  readonly temperature: string
  readonly topP: string
  readonly maxTokens: string
}

export const NO_PARAMETERS: Parameters = { system: '', temperature: '', topP: '', maxTokens: '' }

export interface Conversation {
  readonly id: string
  readonly title: string
  readonly model: string
  readonly parameters: Parameters
  readonly updatedUnixMs: number
  readonly messages: readonly Message[]
}

/** The body of a request for the next answer. */
export function toChatRequest({ model, parameters, messages }: Conversation): object {
  const said = messages
    .filter(({ role, text }) => role === 'user' || text !== '')
    .map(({ role, text }) => ({ role, content: text }))
  const { system } = parameters
  const first = system.trim() === '' ? [] : [{ role: 'system', content: system }]
  return { model, messages: [...first, ...said], ...toSampling(parameters) }
}

export function toSampling({ temperature, topP, maxTokens }: Omit<Parameters, 'system'>): object {
  const named = { temperature, top_p: topP, max_tokens: maxTokens }
  const given = Object.entries(named).filter(([, text]) => text.trim() !== '' && Number.isFinite(Number(text)))
  return Object.fromEntries(given.map(([name, text]) => [name, Number(text)]))
}

/** The message with one more piece of its answer. */
export function withPiece(message: Message, piece: AnswerPiece): Message {
  const { text = '', reasoning = '', toolCalls = [], finishReason, completionTokens } = piece
  return {
    ...message,
    text: message.text + text,
    ...(reasoning === '' ? {} : { reasoning: (message.reasoning ?? '') + reasoning }),
    ...(toolCalls.length === 0 ? {} : { toolCalls: toolCalls.reduce(withToolCall, message.toolCalls ?? []) }),
    ...(finishReason === 'length' ? { cut: true } : {}),
    ...(completionTokens === undefined ? {} : { tokens: completionTokens }),
  }
}

function withToolCall(calls: readonly ToolCallPiece[], piece: ToolCallPiece): readonly ToolCallPiece[] {
  const known = calls.find(({ index }) => index === piece.index)
  if (known === undefined) return [...calls, piece]
  const grown = { ...known, name: known.name + piece.name, arguments: known.arguments + piece.arguments }
  return calls.map((call) => (call === known ? grown : call))
}

const TITLE_LENGTH = 60

/** The beginning of what was asked first. */
export function titleOf(messages: readonly Message[]): string {
  const text =
    messages
      .find(({ role }) => role === 'user')
      ?.text.replace(/\s+/g, ' ')
      .trim() ?? ''
  return text.length > TITLE_LENGTH ? `${text.slice(0, TITLE_LENGTH)}…` : text || 'New conversation'
}

export function toMarkdown({ title, messages }: Conversation): string {
  const parts = messages.map(
    ({ role, text, model }) => `## ${role === 'user' ? 'You' : (model ?? 'Assistant')}\n\n${text}`,
  )
  return [`# ${title}`, ...parts].join('\n\n').concat('\n')
}
