import type { AppError } from '../../base/errors.ts'
import type { Answer } from '../../inference/collect-answer.ts'
import type { TokenLogprob } from '../../inference/events.ts'
import type { IndexedEvent } from '../../inference/merge-generations.ts'
import type { EventStreamFormat } from '../sse.ts'
import { type AnswerHead, createUsageSum } from './from-inference.ts'
import type { Completion, CompletionLogprobs } from './response-schema.ts'
import { DONE, renderStreamError } from './stream-end.ts'

export interface CompletionRendering {
  readonly head: AnswerHead
  readonly prompts: readonly string[]
  /** Choices for each prompt; choice k answers prompt k / n. */
  readonly n: number
  /** The answer repeats its prompt first. */
  readonly echo: boolean
  readonly withTimings: boolean
  readonly withUsage: boolean
  readonly wantsLogprobs: boolean
  readonly requestId: string
}

export function createCompletionStream(init: CompletionRendering): EventStreamFormat<IndexedEvent> {
  const { id, created, model, fingerprint } = init.head
  const usage = createUsageSum(init)
  const names = `"created":${created},"model":${JSON.stringify(model)},"system_fingerprint":${JSON.stringify(fingerprint)}`
  const start = `data: {"id":${JSON.stringify(id)},"object":"text_completion",${names},"choices":[`
  const end = init.withUsage ? '],"usage":null}\n\n' : ']}\n\n'
  const choices = init.prompts.length * init.n
  const text = Array.from({ length: choices }, (_, index) => `${start}{"index":${index},"text":`)
  const offsets = text.map((_, index) => echoed(init, index).length)

  function chunk(index: number, value: string, logprobs = 'null'): string {
    return `${text[index]}${JSON.stringify(value)},"logprobs":${logprobs},"finish_reason":null}${end}`
  }

  return {
    opening: init.echo ? text.map((_, index) => chunk(index, echoed(init, index))).join('') : '',
    render({ index, event }) {
      if (event.type === 'text-delta') {
        if (!init.wantsLogprobs || event.logprobs === undefined) return chunk(index, event.text)
        const logprobs = toCompletionLogprobs(event.logprobs, offsets[index] ?? 0)
        offsets[index] = (offsets[index] ?? 0) + event.text.length
        return chunk(index, event.text, JSON.stringify(logprobs))
      }
      if (event.type !== 'finish') return ''
      usage.add(event, Math.floor(index / init.n))
      const reason = event.reason === 'length' ? 'length' : 'stop'
      return `${text[index]}"","logprobs":null,"finish_reason":"${reason}"}${end}`
    },
    fail: (error: AppError) => renderStreamError(error, init.requestId),
    closing(failed) {
      if (failed || !init.withUsage) return DONE
      return `${start}],"usage":${JSON.stringify(usage.total())}}\n\n${DONE}`
    },
  }
}

export function renderCompletion(init: CompletionRendering, answers: readonly Answer[]): Completion {
  const { id, created, model, fingerprint } = init.head
  const usage = createUsageSum(init)
  const choices = answers.map((answer, index) => {
    usage.add(answer.finish, Math.floor(index / init.n))
    const before = echoed(init, index)
    return {
      index,
      text: before + answer.text,
      logprobs: init.wantsLogprobs ? toCompletionLogprobs(answer.logprobs, before.length) : null,
      finish_reason: answer.finish.reason === 'length' ? ('length' as const) : ('stop' as const),
    }
  })
  const names = { id, object: 'text_completion' as const, created, model, system_fingerprint: fingerprint }
  return { ...names, choices, usage: usage.total() }
}

/** What stands before the generated text of a choice: its prompt, or nothing. */
function echoed({ echo, prompts, n }: CompletionRendering, choice: number): string {
  return echo ? (prompts[Math.floor(choice / n)] ?? '') : ''
}

/** The older shape: four lists side by side. Offsets count from the start of the text, which may begin with its prompt. */
function toCompletionLogprobs(tokens: readonly TokenLogprob[], offset: number): CompletionLogprobs {
  let at = offset
  const text_offset = tokens.map(({ token }) => {
    const start = at
    at += token.length
    return start
  })
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset,
  }
}
