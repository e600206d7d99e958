import { AppError } from '../../base/errors.ts'
import { describeUri } from '../download/uri.ts'
import { isLocalGallery, shownUrl } from '../index-reader.ts'
import { type BackendEntry, type BackendGallery, variantFor } from './backend-entry.ts'
import { type BackendMetadata, installStandIn } from './backend-folder.ts'
import {
  type BackendInstallOptions,
  type FillDeps,
  type FillInit,
  fillBackend,
  parseReference,
} from './fill-backend.ts'
import type { MachineFacts } from './machine-facts.ts'
import { isOwn } from './own-backends.ts'

export interface InstallEntryDeps extends FillDeps {
  readonly gallery: Pick<BackendGallery, 'find'>
  readonly machine: () => Promise<MachineFacts>
}

/** Words in the tags of backend images. */
export interface ImageTags {
  /** What the tags of a release begin with. */
  readonly release: string
  /** What the same tags of the branch begin with. */
  readonly branch: string
  /** What the tags of the branch end with where there is nothing for a machine of its own. */
  readonly development: string
}

/** LocalAI's words. */
export const IMAGE_TAGS: ImageTags = { release: 'latest', branch: 'master', development: 'development' }

export interface InstallEntryInit extends FillInit {
  readonly imageTags: ImageTags
}

type EntryRequest = BackendInstallOptions & { readonly entry: BackendEntry }

/** Installs a backend of a gallery; of one that stands for others, the variant for this machine. */
export async function installEntry(
  deps: InstallEntryDeps,
  init: InstallEntryInit,
  request: EntryRequest,
): Promise<void> {
  const { entry } = request
  if (entry.sources.length > 0) {
    await installConcrete(deps, init, request)
    return
  }
  const { gallery } = entry
  const variant = variantFor(entry, await deps.machine())
  const concrete = isOwn(variant) ? undefined : await deps.gallery.find(`${gallery.name}@${variant}`, request)
  if (concrete === undefined || concrete.sources.length === 0) {
    throw new AppError('backend.not-found', `gallery ${gallery.name} has no backend "${variant}"`)
  }
  await installConcrete(deps, init, { ...request, entry: concrete })
  const metadata = { name: entry.name, meta_backend_for: concrete.name, ...originOf(entry) }
  await installStandIn(init.backendsPath, metadata)
}

/** From the first of its sources that works; what images of a release lack, those of the branch may have. */
async function installConcrete(deps: FillDeps, init: InstallEntryInit, request: EntryRequest): Promise<void> {
  const { entry, signal } = request
  const failures: string[] = []
  const [first = ''] = entry.sources
  for (const source of [...entry.sources, ...otherImages(first, init.imageTags)]) {
    try {
      const uri = await parseReference(source, { isLocal: isLocalGallery(entry.gallery) })
      const metadata = { name: entry.name, uri: describeUri(uri), ...originOf(entry) }
      await fillBackend(deps, init, { ...request, uri, metadata })
      return
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new AppError('download.failed', `backend ${entry.name} cannot be installed: ${failures.join('; ')}`)
}

/**
 * Where LocalAI looks when neither the image nor a mirror can be had: the branch's image of the same name, then its
 * development image. Only for images whose tag is one of a release. Pure.
 */
export function otherImages(source: string, { release, branch, development }: ImageTags): readonly string[] {
  const tagAt = source.lastIndexOf(':') + 1
  const [place, tag] = [source.slice(0, tagAt), source.slice(tagAt)]
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase() ?? 'oci'
  if (!['oci', 'docker'].includes(scheme) || tag.includes('/') || !tag.includes(`${release}-`)) return []
  const ofBranch = tag.replace(`${release}-`, () => `${branch}-`)
  const last = `${ofBranch.slice(0, ofBranch.lastIndexOf('-'))}-${development}`
  return [ofBranch, ...(ofBranch.includes(`-${development}`) ? [] : [last])].map((other) => `${place}${other}`)
}

function originOf({ gallery, alias }: BackendEntry): Omit<BackendMetadata, 'name'> {
  return { gallery_url: shownUrl(gallery.url), ...(alias === undefined ? {} : { alias }) }
}
