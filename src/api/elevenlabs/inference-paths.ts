import type { InferencePaths } from '../inference-route.ts'

export const TEXT_TO_SPEECH: InferencePaths = {
  urls: ['/v1/text-to-speech/:voiceId'],
  config: { inference: { endpoint: 'speech', capability: 'tts' } },
}

export const SOUND_GENERATION: InferencePaths = {
  urls: ['/v1/sound-generation'],
  config: { inference: { endpoint: 'sound', capability: 'sound_generation' } },
}
