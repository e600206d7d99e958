import type { CallOptions, ClientReadableStream, ClientUnaryCall, requestCallback } from '@grpc/grpc-js'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { BackendClient as Stub } from '../grpc/generated/backend/Backend.ts'
import type { DetectOptions } from '../grpc/generated/backend/DetectOptions.ts'
import type { DetectResponse__Output } from '../grpc/generated/backend/DetectResponse.ts'
import type { GenerateImageRequest } from '../grpc/generated/backend/GenerateImageRequest.ts'
import type { GenerateVideoRequest } from '../grpc/generated/backend/GenerateVideoRequest.ts'
import type { Reply__Output } from '../grpc/generated/backend/Reply.ts'
import type { Result__Output } from '../grpc/generated/backend/Result.ts'
import type { SoundGenerationRequest } from '../grpc/generated/backend/SoundGenerationRequest.ts'
import type { StoresDeleteOptions } from '../grpc/generated/backend/StoresDeleteOptions.ts'
import type { StoresFindOptions } from '../grpc/generated/backend/StoresFindOptions.ts'
import type { StoresFindResult__Output } from '../grpc/generated/backend/StoresFindResult.ts'
import type { StoresGetOptions } from '../grpc/generated/backend/StoresGetOptions.ts'
import type { StoresGetResult__Output } from '../grpc/generated/backend/StoresGetResult.ts'
import type { StoresSetOptions } from '../grpc/generated/backend/StoresSetOptions.ts'
import type { TranscriptRequest } from '../grpc/generated/backend/TranscriptRequest.ts'
import type { TranscriptResult__Output } from '../grpc/generated/backend/TranscriptResult.ts'
import type { TranscriptStreamResponse__Output } from '../grpc/generated/backend/TranscriptStreamResponse.ts'
import type { TTSRequest } from '../grpc/generated/backend/TTSRequest.ts'
import type { VADRequest } from '../grpc/generated/backend/VADRequest.ts'
import type { VADResponse__Output } from '../grpc/generated/backend/VADResponse.ts'
import { readStream } from '../grpc/read-stream.ts'
import type { BackendCalls } from './backend-calls.ts'

/**
 * The calls of backends that see, hear, speak and keep vectors; they fail as those of `BackendClient` do. What is made
 * is written to the file that `dst` names; a backend that says it did not succeed is `backend.failed`.
 */
export interface MediaClient {
  generateImage(request: GenerateImageRequest, options?: AbortOptions): Promise<void>
  generateVideo(request: GenerateVideoRequest, options?: AbortOptions): Promise<void>
  speak(request: TTSRequest, options?: AbortOptions): Promise<void>
  /** Pulled. The first reply's `message` tells the sample rate as JSON, the others bring 16-bit mono PCM in `audio`. */
  speakStream(request: TTSRequest, options?: AbortOptions): AsyncGenerator<Reply__Output, void>
  makeSound(request: SoundGenerationRequest, options?: AbortOptions): Promise<void>
  /** `dst` is the file to listen to. Times are nanoseconds. */
  transcribe(request: TranscriptRequest, options?: AbortOptions): Promise<TranscriptResult__Output>
  /** Pulled: deltas, and the whole result with the last. */
  transcribeStream(
    request: TranscriptRequest,
    options?: AbortOptions,
  ): AsyncGenerator<TranscriptStreamResponse__Output, void>
  detectSpeech(request: VADRequest, options?: AbortOptions): Promise<VADResponse__Output>
  detectObjects(request: DetectOptions, options?: AbortOptions): Promise<DetectResponse__Output>
  storesSet(request: StoresSetOptions, options?: AbortOptions): Promise<void>
  storesDelete(request: StoresDeleteOptions, options?: AbortOptions): Promise<void>
  storesGet(request: StoresGetOptions, options?: AbortOptions): Promise<StoresGetResult__Output>
  storesFind(request: StoresFindOptions, options?: AbortOptions): Promise<StoresFindResult__Output>
}

/** Deadlines of calls without the caller's signal. */
const STORE_MS = 60_000
const WORK_MS = 30 * 60_000

export function createMediaClient(stub: Stub, calls: BackendCalls): MediaClient {
  const { unary } = calls

  async function succeed(
    start: (limit: CallOptions, done: requestCallback<Result__Output>) => ClientUnaryCall,
    options: AbortOptions,
    deadlineMs = WORK_MS,
  ): Promise<void> {
    const result = await unary<Result__Output>(start, options, deadlineMs)
    if (!result.success) throw new AppError('backend.failed', result.message || 'the backend says that it failed')
  }

  async function* stream<T>(start: () => ClientReadableStream<T>, options: AbortOptions): AsyncGenerator<T, void> {
    options.signal?.throwIfAborted()
    const call = start()
    calls.running.add(call)
    try {
      yield* readStream(call, options)
    } catch (error) {
      throw await calls.toError(error, options)
    } finally {
      calls.running.delete(call)
    }
  }

  return {
    generateImage: (request, options = {}) =>
      succeed((limit, done) => stub.GenerateImage(request, limit, done), options),
    generateVideo: (request, options = {}) =>
      succeed((limit, done) => stub.GenerateVideo(request, limit, done), options),
    speak: (request, options = {}) => succeed((limit, done) => stub.TTS(request, limit, done), options),
    speakStream: (request, options = {}) => stream(() => stub.TTSStream(request), options),
    makeSound: (request, options = {}) => succeed((limit, done) => stub.SoundGeneration(request, limit, done), options),
    transcribe: (request, options = {}) =>
      unary((limit, done) => stub.AudioTranscription(request, limit, done), options, WORK_MS),
    transcribeStream: (request, options = {}) => stream(() => stub.AudioTranscriptionStream(request), options),
    detectSpeech: (request, options = {}) => unary((limit, done) => stub.VAD(request, limit, done), options, WORK_MS),
    detectObjects: (request, options = {}) =>
      unary((limit, done) => stub.Detect(request, limit, done), options, WORK_MS),
    storesSet: (request, options = {}) =>
      succeed((limit, done) => stub.StoresSet(request, limit, done), options, STORE_MS),
    storesDelete: (request, options = {}) =>
      succeed((limit, done) => stub.StoresDelete(request, limit, done), options, STORE_MS),
    storesGet: (request, options = {}) =>
      unary((limit, done) => stub.StoresGet(request, limit, done), options, STORE_MS),
    storesFind: (request, options = {}) =>
      unary((limit, done) => stub.StoresFind(request, limit, done), options, STORE_MS),
  }
}
