import type { AbortOptions } from '../../base/signals.ts'
import type { ContentFile, UploadedFile } from '../content/content-store.ts'
import { madeFile } from './made-file.ts'
import { type MediaDeps, useModelFor } from './use-model-for.ts'

/** Pictures to be made from words, and perhaps from other pictures. Absent values take the backend's default. */
export interface ImageRequest {
  readonly model: string
  readonly prompt: string
  readonly negativePrompt?: string
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly steps: number
  readonly seed?: number
  readonly clipSkip?: number
  /** How many pictures; each is a run of its own. */
  readonly count: number
  /** The picture to begin with; with a mask only what the mask shows is painted anew. */
  readonly source?: { readonly image: Uint8Array; readonly mask?: Uint8Array }
  readonly references?: readonly Uint8Array[]
}

/** PNG files, in the content store's folder of images. Throws before the first when storage cannot be prepared. */
export type GenerateImages = (request: ImageRequest, options?: AbortOptions) => Promise<readonly ContentFile[]>

const LARGEST_SEED = 2 ** 31 - 1

export function createGenerateImages(deps: MediaDeps & { readonly random?: () => number }): GenerateImages {
  const { content, random = Math.random } = deps
  return async function generateImages(request, options = {}) {
    const { model, count, source, references = [] } = request
    await using uploads = new AsyncDisposableStack()
    const keep = async (bytes: Uint8Array | string, ending: string): Promise<UploadedFile> =>
      uploads.use(await content.keepUpload(bytes, ending))
    const src = source === undefined ? '' : (await keepSource(source, keep)).path
    const others: string[] = []
    for (const bytes of references) others.push((await keep(bytes, 'png')).path)
    const files: ContentFile[] = []
    for (let index = 0; index < count; index += 1) {
      const seed = request.seed === undefined ? Math.floor(random() * LARGEST_SEED) : request.seed + index
      const file = await madeFile(content, { kind: 'image', ending: 'png' }, (dst) =>
        useModelFor(
          deps,
          { model, useCase: 'image' },
          {
            ...options,
            use: async ({ client }) =>
              await client.generateImage({ ...toMessage(request), seed, dst, src, ref_images: others }, options),
          },
        ),
      )
      files.push(file)
    }
    return files
  }
}

function toMessage({ prompt, negativePrompt = '', width, height, steps, clipSkip = 0 }: ImageRequest) {
  return {
    positive_prompt: prompt,
    negative_prompt: negativePrompt,
    width,
    height,
    step: steps,
    CLIPSkip: clipSkip,
  }
}

/** A picture goes as it is; with a mask both go in one JSON file of base64 texts, as LocalAI's backends read them. */
async function keepSource(
  { image, mask }: NonNullable<ImageRequest['source']>,
  keep: (bytes: Uint8Array | string, ending: string) => Promise<UploadedFile>,
): Promise<UploadedFile> {
  if (mask === undefined) return await keep(image, 'png')
  const [picture, cover] = [image, mask].map((bytes) => Buffer.from(bytes).toString('base64'))
  return await keep(JSON.stringify({ image: picture, mask_image: cover }), 'json')
}
