import { fileURLToPath } from 'node:url'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from './download/http-client.ts'
import { type GalleryEntry, type GallerySource, parseGalleryIndex } from './gallery-entry.ts'
import { createIndexReader, type IndexReader, type IndexReaderInit } from './index-reader.ts'

/** What can be installed by name. The gallery shipped with this program is asked first and needs no network. */
export type Catalog = IndexReader<GalleryEntry>

export interface CatalogDeps {
  readonly log: Pick<Logger, 'warn'>
  readonly http: HttpClient
  /** Milliseconds that never go back. */
  readonly now?: () => number
}

/** The index that comes with this program. */
export const SHIPPED_GALLERY: GallerySource = {
  name: 'local-ai',
  url: fileURLToPath(new URL('../../assets/gallery/index.yaml', import.meta.url)),
}

export function createCatalog(deps: CatalogDeps, init: IndexReaderInit): Catalog {
  return createIndexReader({ ...deps, parse: parseGalleryIndex }, init)
}
