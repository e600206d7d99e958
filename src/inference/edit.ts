import type { Complete } from './complete.ts'
import type { GenerationOptions } from './continuity.ts'
import type { InferenceEvent } from './events.ts'
import type { CompletionRequest } from './request.ts'

/** A text to be changed as an instruction says. */
export interface EditRequest extends Pick<CompletionRequest, 'model' | 'sampling'> {
  readonly instruction: string
  readonly input: string
}

/** Nothing happens before the first pull; leaving early stops the model. */
export type Edit = (request: EditRequest, options?: GenerationOptions) => AsyncGenerator<InferenceEvent, void>

export function createEdit({ complete }: { readonly complete: Complete }): Edit {
  return ({ model, sampling, ...texts }, options) =>
    complete({ model, sampling, prompt: editPrompt(texts), edit: texts }, options)
}

/** The form in which most instruction-tuned models have seen a task with a text to work on. */
export function editPrompt({ instruction, input }: Pick<EditRequest, 'instruction' | 'input'>): string {
  const text = input === '' ? '' : `### Input:\n${input}\n\n`
  return `### Instruction:\n${instruction}\n\n${text}### Response:\n`
}
