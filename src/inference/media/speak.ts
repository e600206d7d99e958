import { access } from 'node:fs/promises'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'
import type { TTSRequest } from '../../grpc/generated/backend/TTSRequest.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ContentFile } from '../content/content-store.ts'
import { madeFile } from './made-file.ts'
import { findModelFor, type MediaDeps, type ModelDeps, useModelFor, withHint } from './use-model-for.ts'

/** A text to be spoken. */
export interface SpeechRequest {
  readonly model: string
  readonly text: string
  readonly voice?: string
  readonly language?: string
  /** How to speak, in words, for models that listen to that. */
  readonly instructions?: string
}

/** A WAV file in the content store's folder of audio. */
export type Speak = (request: SpeechRequest, options?: AbortOptions) => Promise<ContentFile>

/** Sound as it is made: first its rate, then 16-bit mono samples, little-endian. */
export type SpeechPiece = { readonly sampleRate: number } | { readonly samples: Uint8Array }

/** Pulled; leaving early stops the model. */
export type SpeakStreaming = (request: SpeechRequest, options?: AbortOptions) => AsyncGenerator<SpeechPiece, void>

const USUAL_SAMPLE_RATE = 16_000

export function createSpeak(deps: MediaDeps): Speak {
  return async function speak(request, options = {}) {
    const { model } = request
    return await madeFile(deps.content, { kind: 'audio', ending: 'wav' }, (dst) =>
      useModelFor(
        deps,
        { model, useCase: 'tts' },
        {
          ...options,
          use: async ({ client }, config) =>
            await client.speak({ ...(await toMessage(request, config)), dst }, options),
        },
      ),
    )
  }
}

export function createSpeakStreaming(deps: ModelDeps): SpeakStreaming {
  return async function* speakStreaming(request, options = {}) {
    const config = findModelFor(deps, request.model, 'tts')
    try {
      using lease = await deps.loader.acquire(config, options)
      const replies = lease.client.speakStream(await toMessage(request, config), options)
      yield* readPieces(replies)
    } catch (error) {
      throw withHint(error, { config, useCase: 'tts' })
    }
  }
}

async function* readPieces(replies: AsyncIterable<Reply__Output>): AsyncGenerator<SpeechPiece, void> {
  let announced = false
  for await (const { message, audio } of replies) {
    if (!announced) {
      announced = true
      yield { sampleRate: sampleRateIn(message.toString('utf8')) }
    }
    if (audio.length > 0) yield { samples: audio }
  }
}

function sampleRateIn(message: string): number {
  try {
    const told: unknown = JSON.parse(message)
    const rate = isObject(told) ? told['sample_rate'] : undefined
    return typeof rate === 'number' && Number.isInteger(rate) && rate > 0 ? rate : USUAL_SAMPLE_RATE
  } catch {
    // A backend that says nothing about it speaks at the usual rate.
    return USUAL_SAMPLE_RATE
  }
}

/** Backends want the path of a voice that is a file of the models folder, and the name of any other. */
async function toMessage(request: SpeechRequest, config: ModelConfig): Promise<TTSRequest> {
  const { text, voice = '', language, instructions } = request
  const isFile = await access(config.modelFile).then(
    () => true,
    () => false,
  )
  return {
    text,
    model: isFile ? config.modelFile : config.parameters.model,
    voice,
    ...(language === undefined ? {} : { language }),
    ...(instructions === undefined ? {} : { instructions }),
  }
}
