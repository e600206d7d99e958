import type { AbortOptions } from '../../base/signals.ts'
import type { ContentFile } from '../content/content-store.ts'
import { madeFile } from './made-file.ts'
import { type MediaDeps, useModelFor } from './use-model-for.ts'

/** A clip to be made. Zero or absent: the backend decides. */
export interface VideoRequest {
  readonly model: string
  readonly prompt: string
  readonly negativePrompt?: string
  /** Pictures to begin and to end with. */
  readonly startImage?: Uint8Array
  readonly endImage?: Uint8Array
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly framesPerSecond: number
  readonly seed?: number
  readonly guidance?: number
  readonly steps?: number
}

/** An MP4 file in the content store's folder of videos. */
export type GenerateVideo = (request: VideoRequest, options?: AbortOptions) => Promise<ContentFile>

export function createGenerateVideo(deps: MediaDeps): GenerateVideo {
  const { content } = deps
  return async function generateVideo(request, options = {}) {
    const { model, startImage, endImage } = request
    await using uploads = new AsyncDisposableStack()
    const keep = async (bytes: Uint8Array | undefined): Promise<string> =>
      bytes === undefined ? '' : uploads.use(await content.keepUpload(bytes, 'png')).path
    const pictures = { start_image: await keep(startImage), end_image: await keep(endImage) }
    return await madeFile(content, { kind: 'video', ending: 'mp4' }, (dst) =>
      useModelFor(
        deps,
        { model, useCase: 'video' },
        {
          ...options,
          use: async ({ client }) => await client.generateVideo({ ...toMessage(request), ...pictures, dst }, options),
        },
      ),
    )
  }
}

function toMessage(request: VideoRequest) {
  const { prompt, negativePrompt = '', width, height, frames, framesPerSecond, seed = 0, guidance = 0 } = request
  return {
    prompt,
    negative_prompt: negativePrompt,
    width,
    height,
    num_frames: frames,
    fps: framesPerSecond,
    seed,
    cfg_scale: guidance,
    step: request.steps ?? 0,
  }
}
