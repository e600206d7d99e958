import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { type GallerySource, optionalText, parseIndex, textList } from '../gallery-entry.ts'
import type { IndexReader, ParsedIndex } from '../index-reader.ts'
import { checkBackendName } from './backend-folder.ts'
import type { MachineFacts } from './machine-facts.ts'

/** One backend of a gallery in LocalAI's form. */
export interface BackendEntry {
  readonly name: string
  /** `gallery@name`. */
  readonly id: string
  readonly gallery: GallerySource
  readonly description?: string
  readonly license?: string
  readonly icon?: string
  readonly urls: readonly string[]
  readonly tags: readonly string[]
  /** What it stands in for, as `llama-cpp` for `cuda12-llama-cpp`. */
  readonly alias?: string
  /** Where it is, then where else; empty for one that only stands for others. */
  readonly sources: readonly string[]
  /** Which backend of this gallery to take, by what the machine has; empty for one that is itself to be installed. */
  readonly capabilities: Readonly<Record<string, string>>
}

export type BackendGallery = IndexReader<BackendEntry>

const MAX_CAPABILITIES = 100

export function parseBackendIndex(text: string, gallery: GallerySource): ParsedIndex<BackendEntry> {
  return parseIndex(text, gallery, toEntry)
}

/** The words for this machine under which a backend may name its variants, the best first; LocalAI's words. */
export function capabilityWords({ platform, arch, hasNvidiaDriver, hasGraphicsDevice }: MachineFacts): string[] {
  const isArm = arch === 'arm64'
  if (platform === 'darwin') return [isArm ? 'metal' : 'darwin-x86', 'default']
  if (hasNvidiaDriver && isArm) return ['nvidia-l4t', 'nvidia', 'default']
  if (hasNvidiaDriver) return ['nvidia', 'nvidia-cuda-12', 'nvidia-cuda-13', 'default']
  return hasGraphicsDevice ? ['vulkan', 'default'] : ['default']
}

/** The variant for this machine. Throws `backend.unsupported` when there is none. */
export function variantFor({ name, capabilities }: BackendEntry, machine: MachineFacts): string {
  const words = capabilityWords(machine)
  const word = words.find((candidate) => capabilities[candidate] !== undefined)
  const variant = word === undefined ? undefined : capabilities[word]
  if (variant !== undefined) return variant
  const known = Object.keys(capabilities).join(', ')
  throw new AppError('backend.unsupported', `${name} has no variant for this machine (${words[0]}): it has ${known}`)
}

function toEntry(value: unknown, gallery: GallerySource): BackendEntry {
  if (!isObject(value) || typeof value['name'] !== 'string') {
    throw new AppError('model.config-invalid', 'an entry without a name')
  }
  const name = checkBackendName(value['name'].trim())
  const uri = typeof value['uri'] === 'string' ? value['uri'].trim() : ''
  const capabilities = uri === '' ? toCapabilities(value['capabilities']) : {}
  if (uri === '' && Object.keys(capabilities).length === 0) {
    throw new AppError('model.config-invalid', `backend ${name} has neither a uri nor capabilities`)
  }
  return {
    name,
    id: `${gallery.name}@${name}`,
    gallery,
    ...optionalText('description', value['description']),
    ...optionalText('license', value['license']),
    ...optionalText('icon', value['icon']),
    ...optionalText('alias', value['alias']),
    urls: textList(value['urls']),
    tags: textList(value['tags']),
    sources: uri === '' ? [] : [uri, ...textList(value['mirrors'])],
    capabilities,
  }
}

function toCapabilities(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return Object.fromEntries(pairs.slice(0, MAX_CAPABILITIES))
}
