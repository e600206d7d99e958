import type { ModelLoader } from '../backends/model-lease.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { RunSettings } from '../config/settings.ts'
import { homeOf, NO_HOME } from '../federation/home.ts'
import { createContentStore } from '../inference/content/content-store.ts'
import { createMedia, type Media } from '../inference/media/media.ts'
import { createStores, type Stores } from '../inference/stores/stores.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import { makeFolder } from './make-folder.ts'

const BYTES_PER_MEGABYTE = 1024 * 1024
const SWEEP_INTERVAL_MS = 10 * 60_000
/** Half of it for one key or user alone (`base/fair-share.ts`). */
const STORES = { maxBytes: 512 * BYTES_PER_MEGABYTE, maxStores: 128 }

export interface ComposeMediaDeps {
  readonly registry: ModelRegistry
  readonly loader: ModelLoader
  readonly log: Logger
  /** Undefined while this node is in no network. */
  readonly peerId: () => string | undefined
}

/** Pictures, sounds and rankings, and the part that looks after the files. */
export function composeMedia(
  { registry, loader, log, peerId }: ComposeMediaDeps,
  settings: RunSettings,
): { readonly media: Media; readonly stores: Stores; readonly content: Startable } {
  const content = createContentStore(
    {
      log: log.child({ room: 'inference' }),
      // Made with the first file: a node that makes none needs no folder, and the usual one may belong to somebody else.
      makeFolder: (path) => makeFolder(path, '--generated-content-path, --upload-path'),
      home: () => {
        const id = peerId()
        return id === undefined ? NO_HOME : homeOf(id)
      },
    },
    {
      contentPath: settings.generatedContentPath,
      uploadPath: settings.uploadPath,
      retention: {
        maxAgeMs: settings.generatedContentMaxAgeMs,
        maxBytes: settings.generatedContentMaxMegabytes * BYTES_PER_MEGABYTE,
      },
      sweepIntervalMs: SWEEP_INTERVAL_MS,
    },
  )
  return { media: createMedia({ registry, loader, content }), stores: createStores({ loader }, STORES), content }
}
