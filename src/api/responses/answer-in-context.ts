import { AppError } from '../../base/errors.ts'
import type { Chat } from '../../inference/chat.ts'
import type { GenerationOptions } from '../../inference/continuity.ts'
import type { InferenceEvent } from '../../inference/events.ts'
import type { ChatMessage, ChatRequest } from '../../inference/request.ts'

/**
 * Answers a conversation and, with `truncation: auto`, forgets its oldest turns while it is longer than the model's
 * context. Instructions at the beginning and the last turn always stay.
 */
export async function* answerInContext(
  { chat }: { readonly chat: Chat },
  { truncation, ...request }: ChatRequest & { readonly truncation: 'auto' | 'disabled' },
  options: GenerationOptions,
): AsyncGenerator<InferenceEvent, void> {
  let { messages } = request
  for (;;) {
    try {
      yield* chat({ ...request, messages }, options)
      return
    } catch (error) {
      const tooLong = error instanceof AppError && error.code === 'request.context-exceeded'
      const shorter = tooLong && truncation === 'auto' ? withoutOldest(messages) : undefined
      if (shorter === undefined) throw error
      messages = shorter
    }
  }
}

/** Without the older half of the turns, each of which begins with what a user says; undefined when one is left. */
export function withoutOldest(messages: readonly ChatMessage[]): readonly ChatMessage[] | undefined {
  const start = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const turns = messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []))
  const kept = turns[Math.ceil(turns.length / 2)]
  if (start === -1 || kept === undefined) return undefined
  return [...messages.slice(0, start), ...messages.slice(kept)]
}
