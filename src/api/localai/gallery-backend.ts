import { Type } from 'typebox'
import type { ListedBackend } from '../../gallery/backend/list-backends.ts'
import { GallerySource, toGallerySource } from './gallery-model.ts'

/** A backend that can be installed, as LocalAI tells of it; `unusable` says why this machine cannot use it. */
export const GalleryBackend = Type.Object({
  name: Type.String(),
  description: Type.String(),
  license: Type.String(),
  icon: Type.String(),
  urls: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  alias: Type.String(),
  uri: Type.String(),
  capabilities: Type.Record(Type.String(), Type.String()),
  gallery: GallerySource,
  installed: Type.Boolean(),
  unusable: Type.Optional(Type.String()),
})
type GalleryBackend = Type.Static<typeof GalleryBackend>

/** A backend that is there. */
export const InstalledBackend = Type.Object({
  Name: Type.String(),
  /** Below the folder of backends; empty for one inside the program. */
  RunFile: Type.String(),
  IsMeta: Type.Boolean(),
  IsSystem: Type.Boolean(),
  Metadata: Type.Union([
    Type.Object({
      name: Type.String(),
      alias: Type.String(),
      meta_backend_for: Type.String(),
      gallery_url: Type.String(),
      installed_at: Type.String(),
      version: Type.String(),
    }),
    Type.Null(),
  ]),
})
type InstalledBackend = Type.Static<typeof InstalledBackend>

/** Ours belong to the gallery that is shipped. */
const SHIPPED = { name: 'local-ai', url: '' }

export function toGalleryBackend(backend: ListedBackend): GalleryBackend {
  const { name, description, alias = '', installed, entry, unusable } = backend
  return {
    name,
    description,
    license: entry?.license ?? '',
    icon: entry?.icon ?? '',
    urls: [...(entry?.urls ?? [])],
    tags: [...(entry?.tags ?? [])],
    alias,
    uri: entry?.sources[0]?.replace(/[?#].*$/, '') ?? '',
    capabilities: { ...entry?.capabilities },
    gallery: entry === undefined ? SHIPPED : toGallerySource(entry.gallery),
    installed,
    ...(unusable === undefined ? {} : { unusable }),
  }
}

export function toInstalledBackend({ name, builtIn, folder }: ListedBackend): InstalledBackend {
  const meta = folder?.meta_backend_for ?? ''
  return {
    Name: name,
    RunFile: folder === undefined ? '' : `${meta === '' ? name : meta}/run.sh`,
    IsMeta: meta !== '',
    IsSystem: builtIn,
    Metadata:
      folder === undefined
        ? null
        : {
            name,
            alias: folder.alias ?? '',
            meta_backend_for: meta,
            gallery_url: folder.gallery_url ?? '',
            installed_at: folder.installed_at ?? '',
            version: folder.version ?? '',
          },
  }
}
