import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { localName, refuseOutsidePath } from '../models/model-paths.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { FetchOptions, FileFetcher } from './download/fetch-file.ts'
import { parseModelUri } from './download/uri.ts'
import { refuseForNetwork } from './finish-plan.ts'
import type { GalleryFile } from './gallery-entry.ts'
import { verifyModel } from './install-model.ts'
import type { SafetyScan } from './safety-scan.ts'
import { stageFile } from './stage-file.ts'

/** The files that configurations name by their address instead of bringing them. */
export interface ModelFiles {
  /** Brings those that are not in the models folder yet, and gives their names. What is there is taken as it is. */
  fetchMissing(config: ModelConfig, options?: FetchOptions): Promise<readonly string[]>
}

export interface ModelFilesDeps {
  readonly log: Logger
  readonly fetcher: FileFetcher
  /** Asked before anything is fetched. */
  readonly scan: SafetyScan
}

export function createModelFiles(deps: ModelFilesDeps, { modelsPath }: { readonly modelsPath: string }): ModelFiles {
  const stageDeps = { ...deps, verify: verifyModel }

  async function isMissing({ filename }: GalleryFile): Promise<boolean> {
    return await stat(join(modelsPath, filename)).then(
      () => false,
      () => true,
    )
  }

  async function fetchOne(file: GalleryFile, options: FetchOptions): Promise<void> {
    const { staged } = await stageFile(stageDeps, { file, modelsPath, allowLocal: false }, options)
    await using held = staged
    await held.commit()
  }

  return {
    async fetchMissing(config, options = {}) {
      const missing: GalleryFile[] = []
      for (const file of namedFiles(config, modelsPath)) if (await isMissing(file)) missing.push(file)
      // A configuration may come from a gallery: it starts no package client and reads no file of this machine.
      for (const file of missing) for (const source of file.sources) refuseForNetwork(parseModelUri(source), modelsPath)
      if (missing.length > 0) await deps.scan(missing, signalOf(options))
      for (const file of missing) await fetchOne(file, options)
      return missing.map(({ filename }) => filename)
    },
  }
}

/** `download_files`, and a model or projector that is given by its address. Pure. */
export function namedFiles(config: ModelConfig, modelsPath: string): readonly GalleryFile[] {
  const listed = config.downloadFiles.map(({ filename, uri, sha256 }) => ({
    filename,
    sources: [uri],
    ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
  }))
  const { raw = {} } = config
  const parameters = isObject(raw['parameters']) ? raw['parameters'] : {}
  const files = [...listed, ...fileAt(parameters['model'], config.modelFile), ...fileAt(raw['mmproj'], config.mmproj)]
  for (const { filename } of files) refuseOutsidePath(filename)
  return [...new Map(files.map((file) => [file.filename, file])).values()]

  function fileAt(source: unknown, path: string | undefined): readonly GalleryFile[] {
    if (typeof source !== 'string' || path === undefined || localName(source) === source) return []
    return [{ filename: relative(modelsPath, path), sources: [source] }]
  }
}

function signalOf({ signal }: AbortOptions): AbortOptions {
  return signal === undefined ? {} : { signal }
}
