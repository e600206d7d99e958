import type { AbortOptions } from '../../base/signals.ts'
import type { FetchOptions } from '../download/fetch-file.ts'
import type { Brought } from '../download/partial-file.ts'
import type { ImageReference } from './image-reference.ts'
import type { Descriptor } from './manifest.ts'
import type { BlobRequest, RegistryClient } from './registry-client.ts'

/** Manifests and blobs of one image, wherever it is. All that is asked for by its digest has that digest. */
export interface ImageStore extends AsyncDisposable {
  /** The image's own manifest, or the one of a platform. */
  manifest(of: Descriptor | undefined, options: AbortOptions): Promise<string>
  /** A small blob. */
  text(blob: Descriptor, options: AbortOptions): Promise<string>
  /** A blob, at `<target>.partial`. */
  bring(blob: Descriptor, request: BlobRequest, options: FetchOptions): Promise<Brought>
}

export function registryStore(registry: RegistryClient, image: ImageReference): ImageStore {
  return {
    manifest: (of, options) => registry.manifest(image, of, options),
    text: (blob, options) => registry.text(image, blob, options),
    bring: (blob, request, options) => registry.bring(image, blob, { ...request, options }),
    [Symbol.asyncDispose]: async () => {},
  }
}
