import type { ContentStore } from '../content/content-store.ts'
import { createDetectObjects, type DetectObjects } from './detect-objects.ts'
import { createDetectSpeech, type DetectSpeech } from './detect-speech.ts'
import { createGenerateImages, type GenerateImages } from './generate-images.ts'
import { createGenerateVideo, type GenerateVideo } from './generate-video.ts'
import { createMakeSound, type MakeSound } from './make-sound.ts'
import { createRerank, type Rerank } from './rerank.ts'
import { createSpeak, createSpeakStreaming, type Speak, type SpeakStreaming } from './speak.ts'
import { createTranscribe, createTranscribeStreaming, type Transcribe, type TranscribeStreaming } from './transcribe.ts'
import type { MediaDeps } from './use-model-for.ts'

/** All that a node can do with pictures, sounds and rankings. */
export interface Media {
  readonly content: ContentStore
  readonly generateImages: GenerateImages
  readonly generateVideo: GenerateVideo
  readonly speak: Speak
  readonly speakStreaming: SpeakStreaming
  readonly makeSound: MakeSound
  readonly transcribe: Transcribe
  readonly transcribeStreaming: TranscribeStreaming
  readonly detectSpeech: DetectSpeech
  readonly detectObjects: DetectObjects
  readonly rerank: Rerank
}

export function createMedia(deps: MediaDeps): Media {
  return {
    content: deps.content,
    generateImages: createGenerateImages(deps),
    generateVideo: createGenerateVideo(deps),
    speak: createSpeak(deps),
    speakStreaming: createSpeakStreaming(deps),
    makeSound: createMakeSound(deps),
    transcribe: createTranscribe(deps),
    transcribeStreaming: createTranscribeStreaming(deps),
    detectSpeech: createDetectSpeech(deps),
    detectObjects: createDetectObjects(deps),
    rerank: createRerank(deps),
  }
}
