import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { NodeSettings } from './node-settings.ts'

const ELSEWHERE = /^(?:https?:\/\/|github:|huggingface:\/\/|hf:\/\/)/i

/**
 * What a request may not add to the galleries, though whoever starts the node may: an index on this machine is trusted
 * with files of this machine, and what a gallery of backends names is run. Galleries that are there already may be named
 * again. Throws `config.invalid` with the key in `details.param`. Pure.
 */
export function refuseNewGalleries(
  { galleries, backend_galleries: backendGalleries }: Readonly<Record<string, unknown>>,
  now: Pick<NodeSettings, 'galleries' | 'backendGalleries' | 'allowBackendUris'>,
): void {
  const local = (url: string): boolean => !ELSEWHERE.test(url)
  if (newUrls(galleries, now.galleries).some(local)) throw refused('galleries', LOCAL)
  const backends = newUrls(backendGalleries, now.backendGalleries)
  if (backends.some(local)) throw refused('backend_galleries', LOCAL)
  if (backends.length > 0 && !now.allowBackendUris) throw refused('backend_galleries', PROGRAMS)
}

const LOCAL = 'a gallery on this machine can be added with a flag or in the file only'
const PROGRAMS =
  'backends are programs, so a gallery of them can be added over the network only if the node is started with --allow-backend-uris'

function newUrls(wanted: unknown, known: string): readonly string[] {
  const before = new Set(urlsOf(JSON.parse(known || '[]')))
  return urlsOf(wanted).filter((url) => !before.has(url))
}

function urlsOf(galleries: unknown): readonly string[] {
  if (!Array.isArray(galleries)) return []
  return galleries.flatMap((gallery) => (isObject(gallery) ? [String(gallery['url'])] : []))
}

function refused(param: string, reason: string): AppError {
  return new AppError('config.invalid', `Invalid ${param} format: ${reason}`, { details: { param } })
}
