import type { AbortOptions } from '../../base/signals.ts'
import { type ModelDeps, useModelFor } from './use-model-for.ts'

export interface ObjectDetectionRequest {
  readonly model: string
  readonly image: Uint8Array
  /** What to look for, for models that can be told. */
  readonly prompt?: string
  readonly points?: readonly number[]
  readonly boxes?: readonly number[]
  readonly threshold?: number
}

/** In pixels of the image, from its upper left corner. */
export interface DetectedObject {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly className: string
  /** 0 to 1; absent when the backend does not say. */
  readonly confidence?: number
  /** A PNG of the object's shape. */
  readonly mask?: Uint8Array
}

export type DetectObjects = (
  request: ObjectDetectionRequest,
  options?: AbortOptions,
) => Promise<readonly DetectedObject[]>

export function createDetectObjects(deps: ModelDeps): DetectObjects {
  return async function detectObjects(request, options = {}) {
    const { model, image, prompt = '', points = [], boxes = [], threshold = 0 } = request
    const src = Buffer.from(image).toString('base64')
    const { Detections } = await useModelFor(
      deps,
      { model, useCase: 'detection' },
      {
        ...options,
        use: async ({ client }) =>
          await client.detectObjects({ src, prompt, points: [...points], boxes: [...boxes], threshold }, options),
      },
    )
    return Detections.map(({ x, y, width, height, class_name, confidence, mask }) => ({
      x,
      y,
      width,
      height,
      className: class_name,
      ...(confidence === 0 ? {} : { confidence }),
      ...(mask.length === 0 ? {} : { mask }),
    }))
  }
}
