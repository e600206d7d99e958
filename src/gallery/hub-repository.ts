import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { HttpClient } from './download/http-client.ts'
import { checkRelativePath } from './download/uri.ts'

/** A repository of the model hub, with all of its files. */
export interface Repository {
  readonly owner: string
  readonly name: string
  readonly branch: string
}

export interface RepositoryFile {
  readonly path: string
  /** What the hub says it is. */
  readonly sha256?: string
}

/** How to choose among the files of a repository; words that a file name has in it, best first. */
export interface RepositoryPreferences {
  readonly quantizations?: readonly string[]
  /** Absent: no projector is taken. */
  readonly projectorQuantizations?: readonly string[]
}

export interface ChosenFiles {
  /** The model itself; its first part when it is in several. */
  readonly model: string
  readonly projector?: string
  readonly files: readonly RepositoryFile[]
}

const PREFIX = /^(?:huggingface:\/\/|hf:\/\/|(?:https:\/\/)?(?:www\.)?(?:hf\.co|huggingface\.co)\/)/i
const REPOSITORY = /^([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*?)(?:@([\w.-]+)|\/tree\/([\w.-]+))?\/?$/
const MAX_LISTING_BYTES = 4 * 1024 * 1024
const DEFAULT_QUANTIZATIONS = ['q4_k_m']

/** Undefined for anything but the address of a whole repository. */
export function parseRepository(text: string): Repository | undefined {
  if (!PREFIX.test(text)) return undefined
  const [, owner, name, marked, tree] = REPOSITORY.exec(text.replace(PREFIX, '')) ?? []
  if (owner === undefined || name === undefined) return undefined
  return { owner, name, branch: marked ?? tree ?? 'main' }
}

/** The files of a repository, as the hub's API lists them. */
export async function listRepository(
  http: HttpClient,
  { hubEndpoint, repository }: { readonly hubEndpoint: string; readonly repository: Repository },
  options: AbortOptions,
): Promise<readonly RepositoryFile[]> {
  const { owner, name, branch } = repository
  const url = `${hubEndpoint}/api/models/${owner}/${name}/tree/${encodeURIComponent(branch)}?recursive=true`
  const text = await http.text(url, { ...options, maxBytes: MAX_LISTING_BYTES })
  let listing: unknown
  try {
    listing = JSON.parse(text)
  } catch (error) {
    throw new AppError('download.failed', `the hub's list of ${owner}/${name} is not JSON`, { cause: error })
  }
  return Array.isArray(listing) ? listing.flatMap(toFile) : []
}

/** Undefined when there is no GGUF. Without a file of the wanted quantization the last one is taken, as in LocalAI. */
export function chooseFiles(
  files: readonly RepositoryFile[],
  { quantizations = DEFAULT_QUANTIZATIONS, projectorQuantizations }: RepositoryPreferences = {},
): ChosenFiles | undefined {
  const ggufs = files.filter(({ path }) => /\.gguf$/i.test(path))
  const models = ggufs.filter(({ path }) => !isProjector(path) && partOf(path) <= 1)
  const model = pick(models, quantizations)
  if (model === undefined) return undefined
  const projector =
    projectorQuantizations &&
    pick(
      ggufs.filter(({ path }) => isProjector(path)),
      projectorQuantizations,
    )
  const stem = stemOf(model.path)
  const parts = ggufs.filter(({ path }) => !isProjector(path) && stemOf(path) === stem)
  return {
    model: model.path,
    files: [...parts, ...(projector === undefined ? [] : [projector])],
    ...(projector === undefined ? {} : { projector: projector.path }),
  }
}

function pick(files: readonly RepositoryFile[], words: readonly string[]): RepositoryFile | undefined {
  for (const word of words) {
    const found = files.find(({ path }) => path.toLowerCase().includes(word.trim().toLowerCase()))
    if (found !== undefined) return found
  }
  return files.at(-1)
}

function isProjector(path: string): boolean {
  return /mmproj/i.test(path)
}

/** 0 for a model in one file. */
function partOf(path: string): number {
  return Number(/-(\d{5})-of-\d{5}\.gguf$/i.exec(path)?.[1] ?? 0)
}

function stemOf(path: string): string {
  return path.replace(/-\d{5}(-of-\d{5}\.gguf)$/i, '$1')
}

function toFile(value: unknown): RepositoryFile[] {
  if (!isObject(value) || value['type'] !== 'file' || typeof value['path'] !== 'string') return []
  const path = checkRelativePath(value['path'], 'file')
  const sum = isObject(value['lfs']) ? value['lfs']['oid'] : undefined
  const known = typeof sum === 'string' && /^[0-9a-f]{64}$/i.test(sum)
  return [{ path, ...(known ? { sha256: sum.toLowerCase() } : {}) }]
}
