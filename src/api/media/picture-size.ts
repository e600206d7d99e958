import { AppError } from '../../base/errors.ts'

export interface PictureSize {
  /** Pixels. */
  readonly width: number
  readonly height: number
}

const LARGEST = 8192

/** `WxH`; what has no `x` in it (`auto`, nothing at all) is the default, as in LocalAI. */
export function pictureSize(text: string | null | undefined, fallback: PictureSize): PictureSize {
  if (text === undefined || text === null || !text.includes('x')) return fallback
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []
  const size = { width: Number(width), height: Number(height) }
  const fits = Object.values(size).every((pixels) => pixels >= 1 && pixels <= LARGEST)
  if (fits) return size
  throw new AppError('request.invalid', "invalid value for 'size'", { details: { param: 'size' } })
}
