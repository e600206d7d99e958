import type { AbortOptions } from '../../base/signals.ts'
import type { ContentFile } from '../content/content-store.ts'
import { madeFile } from './made-file.ts'
import { type MediaDeps, useModelFor } from './use-model-for.ts'

/** A sound or a piece of music to be made. Absent values are the backend's choice. */
export interface SoundRequest {
  readonly model: string
  readonly text: string
  readonly seconds?: number
  readonly temperature?: number
  readonly sample?: boolean
  /** A sound to go on from: a path that the backend can read, and the divisor of its samples. */
  readonly source?: string
  readonly sourceDivisor?: number
  /** Let a language model plan the piece first. */
  readonly think?: boolean
  readonly caption?: string
  readonly lyrics?: string
  readonly beatsPerMinute?: number
  readonly keyScale?: string
  readonly language?: string
  readonly timeSignature?: string
  readonly instrumental?: boolean
}

/** A WAV file in the content store's folder of audio. */
export type MakeSound = (request: SoundRequest, options?: AbortOptions) => Promise<ContentFile>

export function createMakeSound(deps: MediaDeps): MakeSound {
  return async function makeSound(request, options = {}) {
    const { model } = request
    return await madeFile(deps.content, { kind: 'audio', ending: 'wav' }, (dst) =>
      useModelFor(
        deps,
        { model, useCase: 'sound_generation' },
        {
          ...options,
          use: async ({ client }, config) =>
            await client.makeSound({ ...toMessage(request), model: config.parameters.model, dst }, options),
        },
      ),
    )
  }
}

function toMessage(request: SoundRequest) {
  const message = {
    text: request.text,
    duration: request.seconds,
    temperature: request.temperature,
    sample: request.sample,
    src: request.source,
    src_divisor: request.sourceDivisor,
    think: request.think,
    caption: request.caption,
    lyrics: request.lyrics,
    bpm: request.beatsPerMinute,
    keyscale: request.keyScale,
    language: request.language,
    timesignature: request.timeSignature,
    instrumental: request.instrumental,
  }
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined))
}
