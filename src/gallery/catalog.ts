import { fileURLToPath } from 'node:url'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from './download/http-client.ts'
import { describeUrl, parseModelUri } from './download/uri.ts'
import {
  comparableName,
  type GalleryEntry,
  type GallerySource,
  MAX_INDEX_BYTES,
  parseGalleryIndex,
} from './gallery-entry.ts'
import { readTextFrom } from './remote-text.ts'

/** What can be installed by name. The gallery shipped with this program is asked first and needs no network. */
export interface Catalog {
  /** All entries of all galleries that can be read. A gallery that cannot is a warning. */
  list(options?: AbortOptions): Promise<readonly GalleryEntry[]>
  /** By `name` or `gallery@name`, case-insensitive, `/` and `__` being the same. Stops at the first gallery with it. */
  find(reference: string, options?: AbortOptions): Promise<GalleryEntry | undefined>
}

export interface CatalogDeps {
  readonly log: Logger
  readonly http: HttpClient
  /** Milliseconds that never go back. */
  readonly now?: () => number
}

export interface CatalogInit {
  /** In the order of asking; the shipped one comes first. */
  readonly galleries: readonly GallerySource[]
  readonly hubEndpoint: string
  readonly timeoutMs?: number
}

/** The index that comes with this program. */
export const SHIPPED_GALLERY: GallerySource = {
  name: 'local-ai',
  url: fileURLToPath(new URL('../../assets/gallery/index.yaml', import.meta.url)),
}

const CACHE_MS = 60 * 60 * 1000
const TIMEOUT_MS = 30_000

interface Cached {
  readonly entries: readonly GalleryEntry[]
  readonly readAt: number
}

export function createCatalog(deps: CatalogDeps, init: CatalogInit): Catalog {
  const { log, http, now = () => performance.now() } = deps
  const cache = new Map<GallerySource, Cached>()
  const reading = new Map<GallerySource, Promise<readonly GalleryEntry[]>>()

  /** One reading serves all who ask meanwhile, so it is bound to no caller's signal, only to a time limit. */
  async function entriesOf(gallery: GallerySource): Promise<readonly GalleryEntry[]> {
    const known = cache.get(gallery)
    if (known !== undefined && now() - known.readAt < CACHE_MS) return known.entries
    const running = reading.get(gallery) ?? read(gallery).finally(() => reading.delete(gallery))
    reading.set(gallery, running)
    return await running
  }

  async function read(gallery: GallerySource): Promise<readonly GalleryEntry[]> {
    const signal = AbortSignal.timeout(init.timeoutMs ?? TIMEOUT_MS)
    try {
      const index = parseGalleryIndex(await indexText(gallery.url, signal), gallery)
      if (index.skipped > 0) {
        log.warn(
          { gallery: gallery.name, skipped: index.skipped, first: index.firstProblem },
          'some gallery entries are unusable',
        )
      }
      cache.set(gallery, { entries: index.entries, readAt: now() })
      return index.entries
    } catch (error) {
      log.warn({ gallery: gallery.name, url: shownUrl(gallery.url), err: error }, 'a gallery cannot be read')
      return cache.get(gallery)?.entries ?? []
    }
  }

  /** An address that ends in `.ref` leads to the file name of the real index in the same folder. */
  async function indexText(url: string, signal: AbortSignal): Promise<string> {
    const read = (uri: string, maxBytes: number): Promise<string> =>
      readTextFrom(http, { uri, maxBytes, hubEndpoint: init.hubEndpoint, allowLocal: true }, { signal })
    if (!url.endsWith('.ref')) return await read(url, MAX_INDEX_BYTES)
    const name = (await read(url, 4096)).trim()
    return await read(`${url.slice(0, url.lastIndexOf('/') + 1)}${encodeURIComponent(name)}`, MAX_INDEX_BYTES)
  }

  return {
    async list({ signal } = {}) {
      const all = await Promise.all(init.galleries.map(entriesOf))
      signal?.throwIfAborted()
      return all.flat()
    },
    async find(reference, { signal } = {}) {
      const at = reference.indexOf('@')
      const scope = at === -1 ? undefined : reference.slice(0, at)
      const wanted = comparableName(reference.slice(at + 1))
      for (const gallery of init.galleries) {
        if (scope !== undefined && gallery.name.toLowerCase() !== scope.toLowerCase()) continue
        const entries = await entriesOf(gallery)
        signal?.throwIfAborted()
        const entry = entries.find((candidate) => comparableName(candidate.name) === wanted)
        if (entry !== undefined) return entry
      }
      return undefined
    },
  }
}

/** True when the index lies on this machine, so that its author is the operator. */
export function isLocalGallery(gallery: GallerySource): boolean {
  return parseModelUri(gallery.url).kind === 'file'
}

function shownUrl(url: string): string {
  return URL.canParse(url) && /^https?:/i.test(url) ? describeUrl(url) : url
}
