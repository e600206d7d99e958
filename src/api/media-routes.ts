import type { FastifyInstance } from 'fastify'
import { SOUND_GENERATION, TEXT_TO_SPEECH } from './elevenlabs/inference-paths.ts'
import { soundGeneration } from './elevenlabs/sound-generation.ts'
import { textToSpeech } from './elevenlabs/text-to-speech.ts'
import type { InferencePaths } from './inference-route.ts'
import { RERANK } from './jina/inference-paths.ts'
import { rerank } from './jina/rerank.ts'
import { detection } from './localai/detection.ts'
import { generatedFiles } from './localai/generated-files.ts'
import { DETECTION, GENERATED_AUDIO, GENERATED_IMAGES, GENERATED_VIDEOS, VAD, VIDEO } from './localai/media-paths.ts'
import { vad } from './localai/vad.ts'
import { video } from './localai/video.ts'
import type { MediaRouteDeps } from './media/media-deps.ts'
import { imageEdits } from './openai/image-edits.ts'
import { images } from './openai/images.ts'
import { EDITS, IMAGE_EDITS, IMAGES, SPEECH, TRANSCRIPTIONS, TRANSLATIONS } from './openai/media-paths.ts'
import { speech } from './openai/speech.ts'
import { transcriptions } from './openai/transcriptions.ts'

/** Inference that is neither chat nor plain text, in every dialect. */
export function addMediaRoutes(app: FastifyInstance, deps: MediaRouteDeps): void {
  for (const routes of [images, imageEdits, transcriptions, speech]) app.register(routes, deps)
  for (const routes of [rerank, textToSpeech, soundGeneration, vad, detection, video]) app.register(routes, deps)
  app.register(generatedFiles, { content: deps.media.content })
}

/** Their paths, for a node that passes everything on. */
export const MEDIA_PATHS: readonly InferencePaths[] = [
  EDITS,
  IMAGES,
  IMAGE_EDITS,
  TRANSCRIPTIONS,
  TRANSLATIONS,
  SPEECH,
  RERANK,
  TEXT_TO_SPEECH,
  SOUND_GENERATION,
  VAD,
  DETECTION,
  VIDEO,
  GENERATED_IMAGES,
  GENERATED_AUDIO,
  GENERATED_VIDEOS,
]
