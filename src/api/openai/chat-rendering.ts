import type { AppError } from '../../base/errors.ts'
import type { Answer } from '../../inference/collect-answer.ts'
import type { InferenceEvent } from '../../inference/events.ts'
import type { IndexedEvent } from '../../inference/merge-generations.ts'
import type { EventStreamFormat } from '../sse.ts'
import { type AnswerHead, createUsageSum, toLogprobs, type UsageSum } from './from-inference.ts'
import type { ChatCompletion, FinishReason } from './response-schema.ts'
import { DONE, renderStreamError } from './stream-end.ts'

export interface ChatRendering {
  readonly head: AnswerHead
  readonly choices: number
  readonly withTimings: boolean
  /** `stream_options.include_usage`. */
  readonly withUsage: boolean
  readonly wantsLogprobs: boolean
  /** The request spoke of `functions`, so its answer speaks of a `function_call`. */
  readonly legacyFunctions: boolean
  readonly requestId: string
}

/**
 * A chat answer as server-sent events. A token costs one JSON.stringify of its text: everything around it, the same
 * in each chunk of a stream, is written once.
 */
export function createChatStream(init: ChatRendering): EventStreamFormat<IndexedEvent> {
  const { id, created, model, fingerprint } = init.head
  const usage = createUsageSum(init)
  const names = `"created":${created},"model":${JSON.stringify(model)},"system_fingerprint":${JSON.stringify(fingerprint)}`
  const start = `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk",${names},"choices":[`
  const end = init.withUsage ? '],"usage":null}\n\n' : ']}\n\n'
  const unfinished = `"finish_reason":null}${end}`
  const text = Array.from({ length: init.choices }, (_, index) => `${start}{"index":${index},"delta":{"content":`)

  function delta(index: number, value: object): string {
    return `${start}{"index":${index},"delta":${JSON.stringify(value)},${unfinished}`
  }

  function toolDelta(event: Extract<InferenceEvent, { type: 'tool-call-start' | 'tool-call-delta' }>): object {
    const started = event.type === 'tool-call-start'
    const part = started ? { name: event.name, arguments: '' } : { arguments: event.arguments }
    if (init.legacyFunctions) return { function_call: part }
    const identity = started ? { id: event.id, type: 'function' } : {}
    return { tool_calls: [{ index: event.index, ...identity, function: part }] }
  }

  return {
    opening: text.map((_, index) => delta(index, { role: 'assistant', content: '' })).join(''),
    render({ index, event }) {
      switch (event.type) {
        case 'text-delta': {
          const logprobs =
            init.wantsLogprobs && event.logprobs !== undefined
              ? `"logprobs":${JSON.stringify(toLogprobs(event.logprobs))},`
              : ''
          return `${text[index]}${JSON.stringify(event.text)}},${logprobs}${unfinished}`
        }
        case 'reasoning-delta':
          return delta(index, { reasoning: event.text, reasoning_content: event.text })
        case 'tool-call-start':
        case 'tool-call-delta':
          return init.legacyFunctions && event.index > 0 ? '' : delta(index, toolDelta(event))
        case 'finish': {
          usage.add(event, 0)
          const reason = JSON.stringify(toFinishReason(event.reason, init))
          return `${start}{"index":${index},"delta":{},"finish_reason":${reason}}${end}`
        }
        default:
          return event satisfies never
      }
    },
    fail: (error: AppError) => renderStreamError(error, init.requestId),
    closing(failed) {
      if (failed || !init.withUsage) return DONE
      return `${start}],"usage":${JSON.stringify(usage.total())}}\n\n${DONE}`
    },
  }
}

export function renderChat(init: ChatRendering, answers: readonly Answer[]): ChatCompletion {
  const { id, created, model, fingerprint } = init.head
  const usage = createUsageSum(init)
  const choices = answers.map((answer, index) => renderChoice(init, answer, { index, usage }))
  const names = { id, object: 'chat.completion' as const, created, model, system_fingerprint: fingerprint }
  return { ...names, choices, usage: usage.total() }
}

function renderChoice(
  init: ChatRendering,
  answer: Answer,
  { index, usage }: { readonly index: number; readonly usage: UsageSum },
): ChatCompletion['choices'][number] {
  usage.add(answer.finish, 0)
  const calls = answer.toolCalls.map((call, position) => ({
    index: position,
    id: call.id,
    type: 'function' as const,
    function: { name: call.name, arguments: call.arguments },
  }))
  const [first] = calls
  const { reasoning } = answer
  return {
    index,
    message: {
      role: 'assistant',
      content: answer.text === '' && first !== undefined ? null : answer.text,
      ...(reasoning === '' ? {} : { reasoning, reasoning_content: reasoning }),
      ...(first === undefined || init.legacyFunctions ? {} : { tool_calls: calls }),
      ...(first === undefined || !init.legacyFunctions ? {} : { function_call: first.function }),
    },
    logprobs: init.wantsLogprobs ? toLogprobs(answer.logprobs) : null,
    finish_reason: toFinishReason(answer.finish.reason, init),
  }
}

function toFinishReason(
  reason: 'stop' | 'length' | 'tool-calls',
  { legacyFunctions }: Pick<ChatRendering, 'legacyFunctions'>,
): FinishReason {
  if (reason !== 'tool-calls') return reason
  return legacyFunctions ? 'function_call' : 'tool_calls'
}
