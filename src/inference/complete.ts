import { createAnswerReader } from './answers/answer-reader.ts'
import type { GenerationOptions } from './continuity.ts'
import type { InferenceEvent } from './events.ts'
import { findModel } from './find-model.ts'
import { type GenerationDeps, generate } from './generate.ts'
import { completionOptions } from './predict-options.ts'
import type { CompletionRequest } from './request.ts'

/** Continues a text, in the model's template for that if it has one. Nothing happens before the first pull; leaving early stops the model. */
export type Complete = (request: CompletionRequest, options?: GenerationOptions) => AsyncGenerator<InferenceEvent, void>

export function createComplete(deps: GenerationDeps): Complete {
  return (request, options) =>
    generate(
      deps,
      (random) => {
        const config = findModel(deps.registry, request.model)
        const predict = completionOptions(request, config, random)
        return { config, predict, answer: () => createAnswerReader({ config }) }
      },
      options,
    )
}
