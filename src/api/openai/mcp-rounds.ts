import type { InferenceEvent, RoundEvent, ToolResult } from '../../inference/events.ts'

type Finish = Extract<InferenceEvent, { type: 'finish' }>

/** What a client of chat completions sees of several rounds: one answer, and what the node's tools gave. */
export type ChatRoundEvent = InferenceEvent | ToolResult

/**
 * All rounds as one answer: the calls that the node runs are not the client's affair, what the model says in several rounds
 * is one text, and the usages add up.
 */
export async function* asOneAnswer(
  events: AsyncIterable<RoundEvent>,
  isOwn: (name: string) => boolean,
): AsyncGenerator<ChatRoundEvent, void> {
  const calls = createClientCalls(isOwn)
  let finish: Finish | undefined
  let said = false
  let resumed = false
  for await (const event of events) {
    if (event.type === 'finish') {
      finish = added(finish, event)
    } else if (event.type === 'text-delta') {
      yield resumed && said ? { ...event, text: `\n\n${event.text}` } : event
      said ||= event.text !== ''
      resumed = false
    } else {
      resumed ||= event.type === 'tool-result'
      const seen = calls.seen(event)
      if (seen !== undefined) yield seen
    }
  }
  if (finish === undefined) return
  // The last calls may have been the node's own alone.
  yield finish.reason === 'tool-calls' && calls.count() === 0 ? { ...finish, reason: 'stop' } : finish
}

/** Numbers the calls that the client sees, all of them in the last round, and leaves the others out. */
function createClientCalls(isOwn: (name: string) => boolean) {
  /** The number in the round, and that for the client. */
  const numbers = new Map<number, number>()
  return {
    count: () => numbers.size,
    seen<E extends ChatRoundEvent>(event: E): E | undefined {
      if (event.type === 'tool-call-start' && !isOwn(event.name)) numbers.set(event.index, numbers.size)
      if (event.type !== 'tool-call-start' && event.type !== 'tool-call-delta') return event
      const index = numbers.get(event.index)
      return index === undefined ? undefined : { ...event, index }
    },
  }
}

function added(before: Finish | undefined, finish: Finish): Finish {
  if (before === undefined) return finish
  const { usage, timings, ...last } = finish
  return {
    ...last,
    usage: {
      promptTokens: before.usage.promptTokens + usage.promptTokens,
      completionTokens: before.usage.completionTokens + usage.completionTokens,
      cachedTokens: before.usage.cachedTokens + usage.cachedTokens,
    },
    timings: {
      promptMs: before.timings.promptMs + timings.promptMs,
      generationMs: before.timings.generationMs + timings.generationMs,
    },
  }
}
