import { createAnswerReader } from './answers/answer-reader.ts'
import type { GenerationOptions } from './continuity.ts'
import type { InferenceEvent } from './events.ts'
import { findModel } from './find-model.ts'
import { type GenerationDeps, generate } from './generate.ts'
import { callableTools, chatOptions } from './predict-options.ts'
import type { ChatRequest } from './request.ts'

/** Answers a conversation. Nothing happens before the first pull; leaving early stops the model. */
export type Chat = (request: ChatRequest, options?: GenerationOptions) => AsyncGenerator<InferenceEvent, void>

export function createChat(deps: GenerationDeps): Chat {
  return (request, options) => {
    const events = generate(
      deps,
      (random) => {
        const config = findModel(deps.registry, request.model)
        const predict = chatOptions(request, config, random)
        const chat = { prompt: predict.Prompt ?? '', tools: callableTools(request) }
        return { config, predict, answer: () => createAnswerReader({ config, chat }) }
      },
      options,
    )
    return request.singleCall === true ? withoutLaterCalls(events) : events
  }
}

/** The model goes on writing: only its own end tells what the answer has cost. */
async function* withoutLaterCalls(events: AsyncGenerator<InferenceEvent, void>): AsyncGenerator<InferenceEvent, void> {
  for await (const event of events) {
    const isCall = event.type === 'tool-call-start' || event.type === 'tool-call-delta'
    if (!isCall || event.index === 0) yield event
  }
}
