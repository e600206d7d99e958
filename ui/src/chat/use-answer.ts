import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { generate } from '../generate.ts'
import { type Conversation, type Message, titleOf, toChatRequest, withPiece } from './conversation.ts'

/** Drawing each token alone would cost more than making it. */
const DRAW_EVERY_MS = 80

/** Asks for the next answer of a conversation, and tells of it as it grows. Leaving the page stops it. */
export function useAnswer(tell: (conversation: Conversation) => void) {
  const running = useSignal<AbortController | undefined>(undefined)
  const latest = useRef(tell)
  latest.current = tell
  useEffect(() => () => running.peek()?.abort(), [running])

  async function ask(conversation: Conversation): Promise<void> {
    running.peek()?.abort()
    const controller = new AbortController()
    running.value = controller
    const put = (message: Message): void => {
      const messages = [...conversation.messages, message]
      latest.current({ ...conversation, title: titleOf(messages), updatedUnixMs: Date.now(), messages })
    }
    await follow(conversation, put, controller.signal)
    if (running.peek() === controller) running.value = undefined
  }

  return { running: running.value !== undefined, ask, stop: () => running.peek()?.abort() }
}

async function follow(conversation: Conversation, put: (message: Message) => void, signal: AbortSignal): Promise<void> {
  let message: Message = { role: 'assistant', text: '', model: conversation.model }
  const begun = performance.now()
  let firstAt: number | undefined
  let lastAt = begun
  let drawnAt = begun
  put(message)
  try {
    const { node, id, pieces } = await generate('/v1/chat/completions', toChatRequest(conversation), signal)
    message = { ...message, ...(node !== undefined && { node }), ...(id !== undefined && { requestId: id }) }
    for await (const piece of pieces) {
      message = withPiece(message, piece)
      const now = performance.now()
      if (isToken(piece)) {
        firstAt ??= now
        lastAt = now
      }
      if (now - drawnAt < DRAW_EVERY_MS) continue
      drawnAt = now
      put(message)
    }
  } catch (error) {
    message = signal.aborted ? { ...message, stopped: true } : { ...message, error: messageOf(error) }
  }
  put({ ...message, ...timesOf(message, { begun, firstAt, lastAt }) })
}

function isToken({ text = '', reasoning = '', toolCalls = [] }: Parameters<typeof withPiece>[1]): boolean {
  return text !== '' || reasoning !== '' || toolCalls.length > 0
}

function timesOf(
  { tokens = 0 }: Message,
  { begun, firstAt, lastAt }: { readonly begun: number; readonly firstAt: number | undefined; readonly lastAt: number },
): Partial<Message> {
  if (firstAt === undefined) return {}
  const seconds = (lastAt - firstAt) / 1000
  const speed = tokens > 1 && seconds > 0 ? { tokensPerSecond: (tokens - 1) / seconds } : {}
  return { firstTokenMs: firstAt - begun, ...speed }
}
