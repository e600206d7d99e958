import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { installedName } from '../models/model-name.ts'
import { boundedCopy, readYaml } from './bounded-yaml.ts'
import { checkRelativePath, looksLikeUri } from './download/uri.ts'
import type { ParsedIndex } from './index-reader.ts'

/** One index of models. */
export interface GallerySource {
  readonly name: string
  readonly url: string
}

export interface GalleryFile {
  /** Relative to the models folder. */
  readonly filename: string
  readonly sha256?: string
  /** The same file in several places, tried in order. */
  readonly sources: readonly string[]
}

export interface GalleryEntry {
  readonly name: string
  /** `gallery@name`. */
  readonly id: string
  readonly gallery: GallerySource
  readonly description?: string
  readonly license?: string
  readonly icon?: string
  readonly urls: readonly string[]
  readonly tags: readonly string[]
  /** Where the base configuration is, when it is not inline. */
  readonly configUrl?: string
  readonly config: Readonly<Record<string, unknown>>
  readonly overrides: Readonly<Record<string, unknown>>
  readonly files: readonly GalleryFile[]
}

/** A configuration several entries share: LocalAI's `url` of an entry leads to one. */
export interface BaseConfig {
  readonly config: Readonly<Record<string, unknown>>
  readonly files: readonly GalleryFile[]
  readonly name?: string
}

export const MAX_INDEX_BYTES = 8 * 1024 * 1024
export const MAX_CONFIG_BYTES = 1024 * 1024
const MAX_ENTRIES = 20_000
const MAX_FILES = 256
const MAX_SOURCES = 16
const MAX_TEXT = 8192
const MAX_LIST = 64

/** Reads the value of `--galleries`: a JSON list of `{ "name", "url" }`. */
export function parseGalleryList(text: string): readonly GallerySource[] {
  const refuse = (): AppError =>
    new AppError('config.invalid', 'the list of galleries is not JSON of the form [{"name":"…","url":"…"}]')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse()
  }
  if (!Array.isArray(value) || value.length > MAX_LIST) throw refuse()
  return value.map((item: unknown) => {
    if (!isObject(item) || typeof item['name'] !== 'string' || typeof item['url'] !== 'string') throw refuse()
    if (!/^[^@\s]+$/.test(item['name']) || !looksLikeUri(item['url'])) throw refuse()
    return { name: item['name'], url: item['url'] }
  })
}

/** Reads an index; entries that make no sense are left out and counted, the rest stays usable. */
export function parseGalleryIndex(text: string, gallery: GallerySource): ParsedIndex<GalleryEntry> {
  return parseIndex(text, gallery, toEntry)
}

/** An index is a list, of models or of backends; `toEntry` throws for what is neither. */
export function parseIndex<Entry>(
  text: string,
  gallery: GallerySource,
  toEntry: (value: unknown, gallery: GallerySource) => Entry,
): ParsedIndex<Entry> {
  const value = readYaml(text, `the index of gallery ${gallery.name}`, MAX_INDEX_BYTES)
  if (!Array.isArray(value)) {
    throw new AppError('model.config-invalid', `the index of gallery ${gallery.name} is not a list`)
  }
  if (value.length > MAX_ENTRIES) {
    throw new AppError('model.config-invalid', `the index of gallery ${gallery.name} has too many entries`)
  }
  const entries: Entry[] = []
  const problems: string[] = []
  for (const item of value) {
    try {
      entries.push(toEntry(item, gallery))
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
    }
  }
  const [firstProblem] = problems
  return { entries, skipped: problems.length, ...(firstProblem === undefined ? {} : { firstProblem }) }
}

/** The file behind an entry's `url`: the configuration itself is YAML text inside it. */
export function parseBaseConfig(text: string, what: string): BaseConfig {
  const value = readYaml(text, what, MAX_CONFIG_BYTES)
  if (!isObject(value)) throw new AppError('model.config-invalid', `${what} is not a map`)
  return {
    ...optionalText('name', value['name']),
    config: toConfig(value['config_file'], what),
    files: toFiles(value['files'], what),
  }
}

/** How names are compared: LocalAI writes `/` in file names as `__`, and nobody remembers capitals. */
export function comparableName(name: string): string {
  return name.trim().replaceAll('/', '__').toLowerCase()
}

/** LocalAI's files have one `uri`; ours may have `sources`, too. */
export function toFiles(value: unknown, what: string): GalleryFile[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > MAX_FILES) {
    throw new AppError('model.config-invalid', `${what}: "files" is not a list of at most ${MAX_FILES} files`)
  }
  return value.map((item) => toFile(item, what))
}

function toEntry(value: unknown, gallery: GallerySource): GalleryEntry {
  if (!isObject(value) || typeof value['name'] !== 'string') {
    throw new AppError('model.config-invalid', 'an entry without a name')
  }
  const name = value['name'].trim()
  installedName(name)
  const what = `gallery entry ${name}`
  return {
    name,
    id: `${gallery.name}@${name}`,
    gallery,
    ...optionalText('description', value['description']),
    ...optionalText('license', value['license']),
    ...optionalText('icon', value['icon']),
    ...optionalText('configUrl', value['url']),
    urls: textList(value['urls']),
    tags: textList(value['tags']),
    config: toConfig(value['config_file'], what),
    overrides: toConfig(value['overrides'], what),
    files: toFiles(value['files'], what),
  }
}

/** A map, or YAML text of one. */
function toConfig(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null || value === '') return {}
  const map = typeof value === 'string' ? readYaml(value, what, MAX_CONFIG_BYTES) : value
  if (!isObject(map)) throw new AppError('model.config-invalid', `${what}: the configuration is not a map`)
  return boundedCopy(map, what) as Record<string, unknown>
}

function toFile(value: unknown, what: string): GalleryFile {
  if (!isObject(value) || typeof value['filename'] !== 'string') {
    throw new AppError('model.config-invalid', `${what}: a file without a filename`)
  }
  const filename = checkRelativePath(value['filename'], `${what}: file`)
  const sources = [value['uri'], ...(Array.isArray(value['sources']) ? value['sources'] : [])]
    .filter((source): source is string => typeof source === 'string' && source !== '')
    .filter((source, index, all) => all.indexOf(source) === index)
  if (sources.length === 0 || sources.length > MAX_SOURCES) {
    throw new AppError('model.config-invalid', `${what}: file ${filename} needs 1 to ${MAX_SOURCES} sources`)
  }
  const sum = value['sha256']
  if (sum === undefined || sum === null || sum === '') return { filename, sources }
  if (typeof sum !== 'string' || !/^[0-9a-f]{64}$/i.test(sum)) {
    throw new AppError('model.config-invalid', `${what}: the sha256 of ${filename} is not one`)
  }
  return { filename, sources, sha256: sum.toLowerCase() }
}

export function optionalText<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  if (typeof value !== 'string' || value.trim() === '') return {}
  return { [key]: value.trim().slice(0, MAX_TEXT) } as { readonly [P in K]?: string }
}

export function textList(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((item): item is string => typeof item === 'string')
    .map((item) => item.slice(0, MAX_TEXT))
    .slice(0, MAX_LIST)
}
