import { AppError } from '../../base/errors.ts'
import type { InferencePaths } from '../inference-route.ts'

export const VAD: InferencePaths = {
  urls: ['/v1/audio/vad', '/audio/vad', '/v1/vad', '/vad'],
  config: { inference: { endpoint: 'vad', capability: 'vad' } },
}

export const DETECTION: InferencePaths = {
  urls: ['/v1/detection', '/detection'],
  config: { inference: { endpoint: 'detection', capability: 'detection' } },
}

export const VIDEO: InferencePaths = {
  urls: ['/v1/video/generations', '/video/generations', '/video'],
  config: { inference: { endpoint: 'video', capability: 'video' } },
}

const home = { param: 'file' }

export function noSuchFile(): AppError {
  return new AppError('request.not-found', 'Resource not found')
}

/** What backends have made, on the node that made it. */
export const GENERATED_IMAGES: InferencePaths = {
  urls: ['/generated-images/:file'],
  method: 'GET',
  config: { inference: { endpoint: 'image', capability: 'image', home, notHere: noSuchFile } },
}

export const GENERATED_AUDIO: InferencePaths = {
  urls: ['/generated-audio/:file'],
  method: 'GET',
  config: { inference: { endpoint: 'speech', capability: 'tts', home, notHere: noSuchFile } },
}

export const GENERATED_VIDEOS: InferencePaths = {
  urls: ['/generated-videos/:file'],
  method: 'GET',
  config: { inference: { endpoint: 'video', capability: 'video', home, notHere: noSuchFile } },
}
