import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { FileFetcher } from '../download/fetch-file.ts'
import type { OnProgress } from '../download/progress.ts'
import { describeUri, isImage, looksLikeUri, type ModelUri, parseModelUri, pathOf } from '../download/uri.ts'
import { makeWorkFolder } from '../download/work-folder.ts'
import type { Images } from '../oci/create-images.ts'
import { type BackendMetadata, installFolder, unwrapSingleFolder } from './backend-folder.ts'
import { copyBackend, type UnpackLimits, unpackTar } from './unpack-backend.ts'

export interface BackendProgress {
  readonly what: string
  readonly current: number
  readonly total?: number
  /** Absent: it counts steps. */
  readonly unit?: 'bytes'
}

export interface BackendInstallOptions extends AbortOptions {
  readonly onProgress?: (progress: BackendProgress) => void
  /** Install although no fitting GPU was found. */
  readonly force?: boolean
  /** What to call a backend that comes from a folder or an archive. */
  readonly name?: string
  /** Which backend it shall stand in for; for those from a folder or an archive. */
  readonly alias?: string
  /** The request came over the network: no folder of this machine is taken, and no package client is started. */
  readonly overNetwork?: boolean
  /** Of an archive. */
  readonly sha256?: string
}

export interface FillDeps {
  readonly fetcher: FileFetcher
  readonly images: Pick<Images, 'unpack'>
}

export interface FillInit {
  readonly backendsPath: string
  readonly limits: UnpackLimits
}

/** An image of a registry, written without `oci://`. */
const BARE_IMAGE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/[a-z0-9._/-]+(?:[:@][\w.:-]+)*$/i

/** Brings a backend in LocalAI's layout from a folder, an archive or an image, whole or not at all. */
export async function fillBackend(
  deps: FillDeps,
  { backendsPath, limits }: FillInit,
  request: BackendInstallOptions & { readonly uri: ModelUri; readonly metadata: BackendMetadata },
): Promise<void> {
  const { uri, metadata } = request
  await installFolder(backendsPath, metadata, async (folder) => {
    if (uri.kind === 'file' && (await stat(uri.path)).isDirectory()) {
      await copyBackend(uri.path, folder, { ...signalOf(request), limits })
      return
    }
    if (isImage(uri)) {
      const place = { folder, parent: backendsPath, limits }
      await deps.images.unpack({ ...place, uri }, { ...signalOf(request), onProgress: reporting(request) })
      return
    }
    await using work = await makeWorkFolder(backendsPath)
    const archive = join(work.path, 'backend.tar.gz')
    await fetchArchive(deps, { ...request, target: archive, maxBytes: limits.maxBytes })
    await unpackTar(archive, folder, { ...signalOf(request), limits })
    await unwrapSingleFolder(folder)
  })
}

async function fetchArchive(
  { fetcher }: FillDeps,
  request: BackendInstallOptions & { readonly uri: ModelUri; readonly target: string; readonly maxBytes: number },
): Promise<void> {
  const { uri, target, maxBytes, sha256 } = request
  await fetcher.fetch(
    { uri, target, maxBytes, ...(sha256 === undefined ? {} : { sha256 }) },
    { ...signalOf(request), onProgress: reporting(request) },
  )
}

function reporting({ uri, onProgress }: BackendInstallOptions & { readonly uri: ModelUri }): OnProgress {
  return ({ receivedBytes, totalBytes }) =>
    onProgress?.({
      what: `fetching ${describeUri(uri)}`,
      unit: 'bytes',
      current: receivedBytes,
      ...(totalBytes === undefined ? {} : { total: totalBytes }),
    })
}

/** A path that exists goes before everything; what looks like the image of a registry is one. */
export async function parseReference(reference: string, { isLocal = true } = {}): Promise<ModelUri> {
  const found = isLocal ? await stat(reference).catch(() => undefined) : undefined
  if (found !== undefined) return { kind: 'file', path: reference }
  if (looksLikeName(reference)) {
    throw new AppError('backend.not-found', `no backend found with name "${reference.slice(0, 100)}"`)
  }
  const isBare = !looksLikeUri(reference) && BARE_IMAGE.test(reference)
  const uri = parseModelUri(isBare ? `oci://${reference}` : reference)
  if (!isLocal && ['file', 'ocifile', 'npm', 'pypi'].includes(uri.kind)) {
    throw new AppError('download.refused', 'from elsewhere a backend may not be named by a path or a package')
  }
  if (uri.kind === 'ollama' || (isImage(uri) && uri.member !== undefined)) {
    throw new AppError('download.refused', `${describeUri(uri)} is a model, not a backend`)
  }
  return uri
}

/** Neither a path nor a URI. */
export function looksLikeName(reference: string): boolean {
  return !reference.includes('://') && !/[/\\]/.test(reference)
}

/** What a backend is called when nobody says; one repository of images has many backends, so nobody can tell there. */
export function nameOf(uri: ModelUri): string {
  if (uri.kind === 'oci') {
    throw new AppError('config.invalid', `say what to call it: local-ai backends install ${describeUri(uri)} NAME`)
  }
  return basename(pathOf(uri).replace(/[/\\]+$/, '')).replace(/\.(?:tar\.gz|tgz|tar)$/i, '')
}

export function signalOf({ signal }: AbortOptions): AbortOptions {
  return signal === undefined ? {} : { signal }
}
