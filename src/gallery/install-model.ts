import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import { validateGguf } from '../models/gguf/validate-gguf.ts'
import { installedName } from '../models/model-name.ts'
import { writeModelConfig } from '../models/write-model-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Catalog } from './catalog.ts'
import type { FileFetcher, StagedFile } from './download/fetch-file.ts'
import type { HttpClient } from './download/http-client.ts'
import type { DownloadProgress } from './download/progress.ts'
import { checkRelativePath, describeUri, parseModelUri } from './download/uri.ts'
import type { GivenConfig, InstallPlan, PlanOptions } from './finish-plan.ts'
import type { GalleryEntry, GalleryFile } from './gallery-entry.ts'
import { configPath, type InstalledFile, readExisting, recordsOf, removeRecord, writeRecord } from './install-record.ts'
import type { Images } from './oci/create-images.ts'
import { createPlanner } from './plan-install.ts'
import type { SafetyScan } from './safety-scan.ts'
import { stageFile } from './stage-file.ts'

export interface InstallProgress extends DownloadProgress {
  /** From 1, of `fileCount`. */
  readonly fileNumber: number
  readonly fileCount: number
}

export interface InstallOptions extends PlanOptions {
  readonly onProgress?: (progress: InstallProgress) => void
}

export interface InstalledModel {
  readonly name: string
  /** Relative to the models folder. */
  readonly files: readonly string[]
  readonly configFile: string
}

export interface AvailableModel extends GalleryEntry {
  readonly installed: boolean
}

/**
 * Puts models into the models folder: all files are fetched and verified first, then they get their names, then the
 * YAML is written. An install that fails or is cancelled leaves nothing but `.partial` files to go on from.
 * What is there already is kept: an existing YAML may have been edited, so it is overwritten only when the options say
 * what it shall contain.
 */
export interface ModelInstaller {
  /** `reference`: a gallery name, `gallery@name`, a URI, a path, or the configuration itself. */
  install(reference: string | GivenConfig, options?: InstallOptions): Promise<InstalledModel>
  list(options?: AbortOptions): Promise<readonly AvailableModel[]>
}

export interface ModelInstallerDeps {
  readonly log: Logger
  readonly catalog: Catalog
  readonly fetcher: FileFetcher
  readonly http: HttpClient
  readonly images: Pick<Images, 'open'>
  readonly registry?: { reload(): Promise<void> }
  /** Asked before anything is fetched. */
  readonly scan?: SafetyScan
  /** Installs the backend that a model names, unless it is there. */
  readonly ensureBackend?: (name: string, options: AbortOptions) => Promise<void>
}

export interface ModelInstallerInit {
  readonly modelsPath: string
  readonly hubEndpoint: string
}

export function createModelInstaller(deps: ModelInstallerDeps, init: ModelInstallerInit): ModelInstaller {
  const { log, catalog, fetcher } = deps
  const { modelsPath } = init
  const plan = createPlanner(deps, init)
  const stageDeps = { log, fetcher, verify: verifyModel }
  const running = new Map<string, Promise<unknown>>()

  async function stageAll(
    { files, allowLocal }: InstallPlan,
    options: InstallOptions,
    staging: AsyncDisposableStack,
  ): Promise<{ readonly staged: readonly StagedFile[]; readonly installed: readonly InstalledFile[] }> {
    const installed: InstalledFile[] = []
    const staged: StagedFile[] = []
    // Each is held until all are there: two installs that took the same ones in another order would wait for each other.
    const inOrder = files.toSorted((left, right) => (left.filename < right.filename ? -1 : 1))
    for (const [index, file] of inOrder.entries()) {
      const place = { file: file.filename, fileNumber: index + 1, fileCount: files.length }
      const { staged: next, from } = await stageFile(
        stageDeps,
        { file, modelsPath, allowLocal },
        { ...signalOf(options), onProgress: (progress) => options.onProgress?.({ ...progress, ...place }) },
      )
      staging.use(next)
      staged.push(next)
      const sha256 = next.sha256 ?? file.sha256
      installed.push({ filename: file.filename, uri: from, ...(sha256 === undefined ? {} : { sha256 }) })
    }
    return { staged, installed }
  }

  async function execute(job: InstallPlan, options: InstallOptions): Promise<InstalledModel> {
    const { name, files } = job
    const existed = await isInstalled(modelsPath, job)
    const kept = existed && !job.replacesConfig
    await refuseForeignFiles(modelsPath, job)
    await deps.scan?.(files, options)
    await using staging = new AsyncDisposableStack()
    const { staged, installed } = await stageAll(job, options, staging)
    // While its files were awaited, an install of another model may have put its own there.
    await refuseForeignFiles(modelsPath, job)
    const committed: StagedFile[] = []
    try {
      for (const file of staged) {
        await file.commit()
        committed.push(file)
      }
      if (options.configOnly !== true) await verifyInPlace(modelsPath, job, options)
      options.signal?.throwIfAborted()
      if (!kept) {
        await writeRecord(modelsPath, { name, reference: job.reference, files: installed })
        await writeModelConfig(modelsPath, { ...job.config, name })
      }
    } catch (error) {
      if (!existed) await removeRecord(modelsPath, name)
      await Promise.all(committed.map((file) => file.revert()))
      throw error
    }
    log.info({ model: name, from: job.reference, kept }, 'model installed')
    await deps.registry?.reload()
    const { backend } = job.config
    if (typeof backend === 'string' && backend !== '') await deps.ensureBackend?.(backend, signalOf(options))
    return { name, files: files.map((file) => file.filename), configFile: configPath(modelsPath, name) }
  }

  return {
    async install(reference, options = {}) {
      const job = await plan(reference, options, (progress) =>
        options.onProgress?.({ ...progress, fileNumber: 1, fileCount: 1 }),
      )
      await using _held = job.held
      // Two installs of one model would write the same files: the second finds what the first has made.
      const before = running.get(job.name) ?? Promise.resolve()
      const mine = raceSignal(before, options.signal).then(() => execute(job, options))
      const tail = Promise.allSettled([before, mine]).finally(() => {
        if (running.get(job.name) === tail) running.delete(job.name)
      })
      running.set(job.name, tail)
      return await mine
    },

    async list(options = {}) {
      const [entries, names] = await Promise.all([catalog.list(options), readdir(modelsPath).catch(() => [])])
      const present = new Set(names)
      return entries.map((entry) => ({ ...entry, installed: present.has(`${installedName(entry.name)}.yaml`) }))
    },
  }
}

/** True when the model is installed already, from the same place or by hand; another model of that name is refused. */
async function isInstalled(modelsPath: string, job: InstallPlan): Promise<boolean> {
  const existing = await readExisting(modelsPath, job.name)
  if (existing === undefined) return false
  const from = existing.record?.reference
  if (from === job.reference) return true
  if (from === undefined && existing.model !== undefined && existing.model === modelOf(job)) return true
  throw new AppError(
    'download.refused',
    `a model named "${job.name}" is there already${from === undefined ? '' : ` (from ${from})`}: choose another name`,
  )
}

/** Refuses to take the file of another model for the one that is meant, and to put this one in its place. */
async function refuseForeignFiles(modelsPath: string, job: InstallPlan): Promise<void> {
  for (const file of job.files) {
    const foreign = await foreignFile(modelsPath, job.name, file)
    if (foreign === undefined) continue
    throw new AppError('download.refused', `the models folder has another "${file.filename}", from ${foreign.uri}`)
  }
}

async function foreignFile(
  modelsPath: string,
  model: string,
  { filename, sha256, sources }: GalleryFile,
): Promise<InstalledFile | undefined> {
  const recorded = await recordsOf(modelsPath, filename)
  if (sha256 === undefined) {
    // Without a checksum only the record tells whether a file of that name is the file that is meant.
    const wanted = sources.map((source) => describeUri(parseModelUri(source)))
    return recorded.some(({ uri }) => wanted.includes(uri)) ? undefined : recorded[0]
  }
  for (const other of recorded) {
    const differs = other.model !== model && other.sha256 !== undefined && other.sha256 !== sha256
    if (differs && (await readExisting(modelsPath, other.model)) !== undefined) return other
  }
  return undefined
}

/** Parts of a split model need each other, so they are looked at when all have their names. */
async function verifyInPlace(modelsPath: string, job: InstallPlan, options: AbortOptions): Promise<void> {
  const model = modelOf(job)
  if (model === undefined || !/\.gguf$/i.test(model)) return
  if (job.files.some((file) => file.filename === model) && !isSplit(model)) return
  await validateGguf(join(modelsPath, checkRelativePath(model, 'parameters.model')), options)
}

/** Judges a complete file that is going to have this name. */
export async function verifyModel(path: string, filename: string, options: AbortOptions): Promise<void> {
  if (!/\.gguf$/i.test(filename) || isSplit(filename)) return
  try {
    await validateGguf(path, options)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const reason = error.details['reason'] ?? error.message
    throw new AppError(error.code, `${filename} is not a usable model: ${reason}`, { cause: error })
  }
}

function signalOf({ signal }: AbortOptions): AbortOptions {
  return signal === undefined ? {} : { signal }
}

function isSplit(filename: string): boolean {
  return /-\d{5}-of-\d{5}\.gguf$/i.test(filename)
}

function modelOf(job: InstallPlan): string | undefined {
  const parameters = job.config['parameters']
  return isObject(parameters) && typeof parameters['model'] === 'string' ? parameters['model'] : undefined
}
