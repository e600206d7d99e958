import { Type } from 'typebox'
import type { AppError } from '../../base/errors.ts'
import type { InferencePaths } from '../inference-route.ts'
import { ErrorBody } from './response-schema.ts'
import { DONE, renderStreamError } from './stream-end.ts'
import { TranscriptEvent } from './transcript-schema.ts'

function brokenStream(error: AppError, requestId: string): string {
  return renderStreamError(error, requestId) + DONE
}

export const EDITS: InferencePaths = {
  urls: ['/v1/edits', '/edits'],
  config: { inference: { endpoint: 'edit', capability: 'edit' } },
}

export const IMAGES: InferencePaths = {
  urls: ['/v1/images/generations', '/images/generations'],
  config: { inference: { endpoint: 'image', capability: 'image' } },
}

export const IMAGE_EDITS: InferencePaths = {
  urls: ['/v1/images/edits', '/images/edits', '/v1/images/inpainting', '/images/inpainting'],
  config: { inference: { endpoint: 'image', capability: 'image' }, form: true },
}

const transcription: InferencePaths['config'] = {
  inference: { endpoint: 'transcription', capability: 'transcript', brokenStream },
  form: true,
  events: Type.Union([TranscriptEvent, ErrorBody]),
}

export const TRANSCRIPTIONS: InferencePaths = {
  urls: ['/v1/audio/transcriptions', '/audio/transcriptions'],
  config: transcription,
}

export const TRANSLATIONS: InferencePaths = {
  urls: ['/v1/audio/translations', '/audio/translations'],
  config: transcription,
}

export const SPEECH: InferencePaths = {
  urls: ['/v1/audio/speech', '/audio/speech', '/tts', '/v1/tts'],
  config: { inference: { endpoint: 'speech', capability: 'tts' } },
}
