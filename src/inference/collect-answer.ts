import { AppError } from '../base/errors.ts'
import type { InferenceEvent, TokenLogprob } from './events.ts'
import type { ToolCall } from './request.ts'

/** A whole answer, for callers that do not stream. */
export interface Answer {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly logprobs: readonly TokenLogprob[]
  readonly finish: Extract<InferenceEvent, { type: 'finish' }>
}

export interface AnswerCollector {
  add(event: InferenceEvent): void
  /** To be called after the last event. */
  answer(): Answer
}

export function createAnswerCollector(): AnswerCollector {
  const text: string[] = []
  const reasoning: string[] = []
  const logprobs: TokenLogprob[] = []
  const calls = new Map<number, { readonly id: string; readonly name: string; readonly arguments: string[] }>()
  let finish: Answer['finish'] | undefined
  return {
    add(event) {
      switch (event.type) {
        case 'text-delta':
          text.push(event.text)
          if (event.logprobs !== undefined) logprobs.push(...event.logprobs)
          break
        case 'reasoning-delta':
          reasoning.push(event.text)
          break
        case 'tool-call-start':
          calls.set(event.index, { id: event.id, name: event.name, arguments: [] })
          break
        case 'tool-call-delta':
          calls.get(event.index)?.arguments.push(event.arguments)
          break
        case 'finish':
          finish = event
          break
        default:
          event satisfies never
      }
    },
    answer() {
      if (finish === undefined) throw new AppError('backend.failed', 'the generation ended without a finish')
      const ordered = [...calls].sort(([one], [other]) => one - other)
      return {
        text: text.join(''),
        reasoning: reasoning.join(''),
        toolCalls: ordered.map(([, call]) => ({ ...call, arguments: call.arguments.join('') })),
        logprobs,
        finish,
      }
    },
  }
}
