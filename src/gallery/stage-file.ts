import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { FetchOptions, FileFetcher, StagedFile } from './download/fetch-file.ts'
import { describeUri, isLocalPlace, parseModelUri } from './download/uri.ts'
import type { GalleryFile } from './gallery-entry.ts'

export interface StageDeps {
  readonly log: Logger
  readonly fetcher: FileFetcher
  /** Judges a complete file by its content; `filename` is the name it is going to have. */
  readonly verify: (path: string, filename: string, options: AbortOptions) => Promise<void>
}

export interface StageRequest {
  readonly file: GalleryFile
  readonly modelsPath: string
  /** Whether files of this machine may be sources. */
  readonly allowLocal: boolean
}

export interface StagedFromSource {
  readonly staged: StagedFile
  /** The source that it came from. */
  readonly from: string
}

/**
 * Brings a file from the first of its sources that works. While there is another one to turn to, a source that fails
 * is not asked again. When none works, the error says what was wrong with each.
 */
export async function stageFile(
  deps: StageDeps,
  request: StageRequest,
  options: FetchOptions,
): Promise<StagedFromSource> {
  const { file } = request
  refuseConfigurationName(file.filename)
  const failures: unknown[] = []
  for (const [index, source] of file.sources.entries()) {
    const hasAlternative = index < file.sources.length - 1
    try {
      return await stageFrom(deps, request, { ...options, source, ...(hasAlternative ? { attempts: 1 } : {}) })
    } catch (error) {
      options.signal?.throwIfAborted()
      failures.push(error)
      const place = { source: index + 1, of: file.sources.length }
      deps.log.warn({ file: file.filename, ...place, reason: messageOf(error) }, 'a source failed')
    }
  }
  if (failures.length === 1) throw failures[0]
  const reasons = failures.map(messageOf).join('; ')
  throw new AppError(
    'download.failed',
    `none of the ${failures.length} sources of ${file.filename} works: ${reasons}`,
    {
      cause: new AggregateError(failures),
    },
  )
}

/**
 * What lies in the models folder itself and has the name of a configuration or of a record is believed, commands that it
 * starts included, so no such file comes from elsewhere: those are read, checked and written.
 */
function refuseConfigurationName(filename: string): void {
  if (!isConfigurationName(filename)) return
  throw new AppError('download.refused', `"${filename.slice(0, 200)}" is no name for a file of a model`)
}

/** Whether a file of the models folder, by its name, is a configuration or a record. In folders they are data. */
export function isConfigurationName(filename: string): boolean {
  return !/[/\\]/.test(filename) && /^\.|\.ya?ml(?:[. ]*|:.*)$/i.test(filename)
}

async function stageFrom(
  deps: StageDeps,
  { file, modelsPath, allowLocal }: StageRequest,
  { source, attempts, ...options }: FetchOptions & { readonly source: string; readonly attempts?: number },
): Promise<StagedFromSource> {
  const uri = parseModelUri(source)
  if (isLocalPlace(uri) && !allowLocal) {
    throw new AppError('download.refused', 'a remote gallery may not name local files')
  }
  const staged = await deps.fetcher.stage(
    {
      uri,
      target: join(modelsPath, file.filename),
      verify: (path, verifyOptions) => deps.verify(path, file.filename, verifyOptions),
      ...(file.sha256 === undefined ? {} : { sha256: file.sha256 }),
      ...(attempts === undefined ? {} : { attempts }),
    },
    options,
  )
  return { staged, from: describeUri(uri) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
