import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { TranscriptRequest } from '../../grpc/generated/backend/TranscriptRequest.ts'
import type { TranscriptResult__Output } from '../../grpc/generated/backend/TranscriptResult.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import { findModelFor, type MediaDeps, useModelFor, withHint } from './use-model-for.ts'

/** Speech to be written down. */
export interface TranscriptionRequest {
  readonly model: string
  readonly audio: Uint8Array
  /** The ending of the file's name, which tells some backends its format; lower case, no dot. */
  readonly ending: string
  readonly language?: string
  readonly prompt?: string
  readonly temperature?: number
  /** Into English. */
  readonly translate: boolean
  /** Tell the speakers apart. */
  readonly diarize: boolean
  readonly granularities: readonly string[]
}

export interface TranscriptWord {
  readonly word: string
  /** Seconds. */
  readonly start: number
  readonly end: number
}

export interface TranscriptSegment {
  readonly id: number
  /** Seconds. */
  readonly start: number
  readonly end: number
  readonly text: string
  readonly tokens: readonly number[]
  readonly speaker?: string
  readonly words: readonly TranscriptWord[]
}

export interface Transcript {
  readonly text: string
  readonly segments: readonly TranscriptSegment[]
  /** As the backend named it; absent when it did not. */
  readonly language?: string
  /** Length of the sound in seconds. */
  readonly duration: number
}

export type TranscriptEvent =
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'done'; readonly transcript: Transcript }

export type Transcribe = (request: TranscriptionRequest, options?: AbortOptions) => Promise<Transcript>

/** Pulled: any number of deltas, then exactly one `done`. A backend that cannot stream gives one delta. */
export type TranscribeStreaming = (
  request: TranscriptionRequest,
  options?: AbortOptions,
) => AsyncGenerator<TranscriptEvent, void>

const NANOSECONDS = 1e9

export function createTranscribe(deps: MediaDeps): Transcribe {
  return async function transcribe(request, options = {}) {
    await using upload = await deps.content.keepUpload(request.audio, request.ending)
    const { model } = request
    const result = await useModelFor(
      deps,
      { model, useCase: 'transcript' },
      {
        ...options,
        use: async ({ client }, config) =>
          await client.transcribe({ ...toMessage(request, config), dst: upload.path }, options),
      },
    )
    return toTranscript(result)
  }
}

export function createTranscribeStreaming(deps: MediaDeps): TranscribeStreaming {
  const transcribe = createTranscribe(deps)
  return async function* transcribeStreaming(request, options = {}) {
    const config = findModelFor(deps, request.model, 'transcript')
    let begun = false
    try {
      for await (const event of streamOnce({ deps, config }, request, options)) {
        begun = true
        yield event
      }
      return
    } catch (error) {
      if (begun || !(error instanceof AppError && error.code === 'backend.unsupported')) {
        throw withHint(error, { config, useCase: 'transcript' })
      }
    }
    const transcript = await transcribe(request, options)
    yield { type: 'delta', text: transcript.text }
    yield { type: 'done', transcript }
  }
}

async function* streamOnce(
  { deps, config }: { readonly deps: MediaDeps; readonly config: ModelConfig },
  request: TranscriptionRequest,
  options: AbortOptions,
): AsyncGenerator<TranscriptEvent, void> {
  await using upload = await deps.content.keepUpload(request.audio, request.ending)
  using lease = await deps.loader.acquire(config, options)
  const message = { ...toMessage(request, config), dst: upload.path, stream: true }
  let text = ''
  let last: TranscriptResult__Output | null = null
  for await (const { delta, final_result } of lease.client.transcribeStream(message, options)) {
    text += delta
    if (delta !== '') yield { type: 'delta', text: delta }
    last = final_result ?? last
  }
  yield { type: 'done', transcript: last === null ? { text, segments: [], duration: 0 } : toTranscript(last) }
}

function toMessage(request: TranscriptionRequest, { threads = 0 }: ModelConfig): TranscriptRequest {
  const { language = '', prompt = '', temperature = 0, translate, diarize, granularities } = request
  return { language, prompt, temperature, translate, diarize, threads, timestamp_granularities: [...granularities] }
}

function toTranscript({ text, segments, language, duration }: TranscriptResult__Output): Transcript {
  const seconds = (nanoseconds: number | string): number => Number(nanoseconds) / NANOSECONDS
  return {
    text,
    segments: segments.map(({ id, start, end, text: words, tokens, speaker, ...segment }) => ({
      id,
      start: seconds(start),
      end: seconds(end),
      text: words,
      tokens,
      ...(speaker === '' ? {} : { speaker }),
      words: segment.words.map((word) => ({ word: word.text, start: seconds(word.start), end: seconds(word.end) })),
    })),
    ...(language === '' ? {} : { language }),
    duration: duration > 0 ? duration : Math.max(0, ...segments.map(({ end }) => seconds(end))),
  }
}
