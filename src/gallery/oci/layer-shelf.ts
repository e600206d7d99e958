import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FetchOptions } from '../download/fetch-file.ts'
import { discardPartial, finishedPartial, partialPath } from '../download/partial-file.ts'
import { createTargetLocks } from '../download/target-lock.ts'
import type { ImageStore } from './image-store.ts'
import type { Descriptor } from './manifest.ts'

export interface ShelfRequest {
  /** The folder in which the layers are kept, on the disk where they are going to be unpacked. */
  readonly parent: string
  readonly blobs: readonly Descriptor[]
  /** Name to report progress under. */
  readonly what: string
}

/** Complete and verified blobs; until they are disposed of, nobody else touches them. */
export interface HeldBlobs extends AsyncDisposable {
  pathOf(blob: Descriptor): string
  /** Throws them away: they have been used. */
  discard(): Promise<void>
}

/** Brings the layers of images to hidden files; those of a broken or cancelled attempt wait for the next one. */
export interface LayerShelf {
  bring(store: ImageStore, request: ShelfRequest, options: FetchOptions): Promise<HeldBlobs>
}

const PREFIX = '.layer-'
/** What nobody has come back for by then goes with the next image. */
const KEEP_MS = 7 * 24 * 60 * 60_000

export function createLayerShelf(): LayerShelf {
  const locks = createTargetLocks()
  return {
    async bring(store, { parent, blobs: wanted, what }, options) {
      const blobs = [...new Map(wanted.map((blob) => [blob.sha256, blob])).values()]
      await mkdir(parent, { recursive: true })
      await removeOld(parent)
      const targetOf = ({ sha256 }: Descriptor): string => join(parent, `${PREFIX}sha256-${sha256}`)
      await using held = new AsyncDisposableStack()
      const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0)
      let before = 0
      // Whoever wants several of the same waits for them in the same order, so that no two wait for each other.
      for (const blob of blobs.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
        const target = targetOf(blob)
        const lock = await locks.acquire(target, options)
        held.defer(() => lock.release())
        const ready = await finishedPartial({ target, sha256: blob.sha256 }, options)
        const done = before
        const onProgress: FetchOptions['onProgress'] = ({ receivedBytes }) => report(done + receivedBytes)
        if (ready === undefined) {
          await store.bring(blob, { target, file: what, maxBytes: blob.size }, { ...options, onProgress })
        }
        before += blob.size
        report(before)
      }
      const all = held.move()
      return {
        pathOf: (blob) => partialPath(targetOf(blob)),
        async discard() {
          await Promise.all(blobs.map((blob) => discardPartial(targetOf(blob))))
        },
        [Symbol.asyncDispose]: () => all.disposeAsync(),
      }

      function report(receivedBytes: number): void {
        const fraction = totalBytes === 0 ? {} : { totalBytes, fraction: receivedBytes / totalBytes }
        options.onProgress?.({ file: what, receivedBytes, ...fraction })
      }
    },
  }
}

async function removeOld(folder: string): Promise<void> {
  const names = await readdir(folder)
  for (const name of names.filter((candidate) => candidate.startsWith(PREFIX))) {
    const path = join(folder, name)
    const changed = (await stat(path).catch(() => undefined))?.mtimeMs
    if (changed !== undefined && Date.now() - changed > KEEP_MS) await rm(path, { force: true })
  }
}
