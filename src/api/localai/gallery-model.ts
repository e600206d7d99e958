import { Type } from 'typebox'
import type { AvailableModel } from '../../gallery/install-model.ts'

export const GallerySource = Type.Object({ url: Type.String(), name: Type.String() })

/** An entry of a gallery as LocalAI tells of it. */
export const GalleryModel = Type.Object({
  name: Type.String(),
  description: Type.String(),
  license: Type.String(),
  icon: Type.String(),
  urls: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  url: Type.String(),
  files: Type.Array(Type.Object({ filename: Type.String(), sha256: Type.String(), uri: Type.String() })),
  gallery: GallerySource,
  installed: Type.Boolean(),
})
type GalleryModel = Type.Static<typeof GalleryModel>

export function toGalleryModel(entry: AvailableModel): GalleryModel {
  return {
    name: entry.name,
    description: entry.description ?? '',
    license: entry.license ?? '',
    icon: entry.icon ?? '',
    urls: [...entry.urls],
    tags: [...entry.tags],
    url: withoutSecrets(entry.configUrl ?? ''),
    files: entry.files.map(({ filename, sha256 = '', sources }) => ({
      filename,
      sha256,
      uri: withoutSecrets(sources[0] ?? ''),
    })),
    gallery: toGallerySource(entry.gallery),
    installed: entry.installed,
  }
}

export function toGallerySource({ name, url }: Type.Static<typeof GallerySource>): Type.Static<typeof GallerySource> {
  return { url: withoutSecrets(url), name }
}

/** Of signed addresses the query is the secret; the folders of this machine are nobody's business. */
function withoutSecrets(url: string): string {
  if (/^https?:/i.test(url) && URL.canParse(url)) {
    const { origin, pathname } = new URL(url)
    return `${origin}${pathname}`
  }
  return /^(?:file:|[./\\]|[A-Za-z]:[\\/])/i.test(url) ? `file://${url.split(/[/\\]/).at(-1) ?? ''}` : url
}
