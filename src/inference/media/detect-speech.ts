import type { AbortOptions } from '../../base/signals.ts'
import { type ModelDeps, useModelFor } from './use-model-for.ts'

export interface SpeechDetectionRequest {
  readonly model: string
  /** Samples from -1 to 1, 16000 a second. */
  readonly audio: readonly number[]
}

/** Stretches of speech, in seconds. */
export type DetectSpeech = (
  request: SpeechDetectionRequest,
  options?: AbortOptions,
) => Promise<readonly { readonly start: number; readonly end: number }[]>

export function createDetectSpeech(deps: ModelDeps): DetectSpeech {
  return async function detectSpeech({ model, audio }, options = {}) {
    const { segments } = await useModelFor(
      deps,
      { model, useCase: 'vad' },
      {
        ...options,
        use: async ({ client }) => await client.detectSpeech({ audio: [...audio] }, options),
      },
    )
    return segments.map(({ start, end }) => ({ start, end }))
  }
}
