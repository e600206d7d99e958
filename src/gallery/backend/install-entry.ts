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

type EntryRequest = BackendInstallOptions & { readonly entry: BackendEntry }

/** Installs a backend of a gallery; of one that stands for others, the variant for this machine. */
export async function installEntry(deps: InstallEntryDeps, init: FillInit, request: EntryRequest): Promise<void> {
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

/** From the first of its sources that works. */
async function installConcrete(deps: FillDeps, init: FillInit, request: EntryRequest): Promise<void> {
  const { entry, signal } = request
  const failures: string[] = []
  for (const source of entry.sources) {
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

function originOf({ gallery, alias }: BackendEntry): Omit<BackendMetadata, 'name'> {
  return { gallery_url: shownUrl(gallery.url), ...(alias === undefined ? {} : { alias }) }
}
