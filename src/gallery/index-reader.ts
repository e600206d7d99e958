import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from './download/http-client.ts'
import { describeUrl, parseModelUri } from './download/uri.ts'
import { comparableName, type GallerySource, MAX_INDEX_BYTES } from './gallery-entry.ts'
import { readTextFrom } from './remote-text.ts'

/** The indexes of several galleries, whatever their entries are. */
export interface IndexReader<Entry> {
  galleries(): readonly GallerySource[]
  /** All entries of all galleries that can be read. A gallery that cannot is a warning. */
  list(options?: AbortOptions): Promise<readonly Entry[]>
  /** By `name` or `gallery@name`, case-insensitive, `/` and `__` being the same. Stops at the first gallery with it. */
  find(reference: string, options?: AbortOptions): Promise<Entry | undefined>
}

/** What an index has in it; entries that make no sense are left out and counted. */
export interface ParsedIndex<Entry> {
  readonly entries: readonly Entry[]
  /** How many entries could not be read, and why the first could not. */
  readonly skipped: number
  readonly firstProblem?: string
}

export interface IndexReaderDeps<Entry> {
  readonly log: Pick<Logger, 'warn'>
  readonly http: HttpClient
  readonly parse: (text: string, gallery: GallerySource) => ParsedIndex<Entry>
  /** Milliseconds that never go back. */
  readonly now?: () => number
}

export interface IndexReaderInit {
  /** In the order of asking. Looked at each time, so it may be a getter of something that changes. */
  readonly galleries: readonly GallerySource[]
  readonly hubEndpoint: string
  readonly timeoutMs?: number
}

const CACHE_MS = 60 * 60 * 1000
const TIMEOUT_MS = 30_000

interface Cached<Entry> {
  readonly entries: readonly Entry[]
  readonly readAt: number
}

/** What was read is kept for an hour. */
export function createIndexReader<Entry extends { readonly name: string }>(
  deps: IndexReaderDeps<Entry>,
  init: IndexReaderInit,
): IndexReader<Entry> {
  const { log, http, now = () => performance.now() } = deps
  const cache = new Map<string, Cached<Entry>>()
  const reading = new Map<string, Promise<readonly Entry[]>>()

  /** One reading serves all who ask meanwhile, so it is bound to no caller's signal, only to a time limit. */
  async function entriesOf(gallery: GallerySource): Promise<readonly Entry[]> {
    const key = keyOf(gallery)
    const known = cache.get(key)
    if (known !== undefined && now() - known.readAt < CACHE_MS) return known.entries
    const running = reading.get(key) ?? read(gallery).finally(() => reading.delete(key))
    reading.set(key, running)
    return await running
  }

  async function read(gallery: GallerySource): Promise<readonly Entry[]> {
    const signal = AbortSignal.timeout(init.timeoutMs ?? TIMEOUT_MS)
    try {
      const index = deps.parse(await indexText(gallery.url, signal), gallery)
      if (index.skipped > 0) {
        log.warn(
          { gallery: gallery.name, skipped: index.skipped, first: index.firstProblem },
          'some gallery entries are unusable',
        )
      }
      cache.set(keyOf(gallery), { entries: index.entries, readAt: now() })
      return index.entries
    } catch (error) {
      log.warn({ gallery: gallery.name, url: shownUrl(gallery.url), err: error }, 'a gallery cannot be read')
      return cache.get(keyOf(gallery))?.entries ?? []
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
    galleries: () => init.galleries,
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

/** An address for people: without what signed addresses keep in their query. */
export function shownUrl(url: string): string {
  return URL.canParse(url) && /^https?:/i.test(url) ? describeUrl(url) : url
}

function keyOf({ name, url }: GallerySource): string {
  return `${name} ${url}`
}
