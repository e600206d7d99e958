import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'

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

export interface ParseUriOptions {
  /** Says whether a bare word such as `model.gguf` is a file of this machine. */
  readonly isFile?: (path: string) => boolean
}

/** The public model hub; a mirror may be named instead (`chooseHubEndpoint`). */
export const PUBLIC_HUB = 'https://huggingface.co'
const GITHUB_FILES = 'https://raw.githubusercontent.com'

export const URI_FORMS =
  'huggingface://owner/repository/file[@branch] (or hf://, hf.co/), https://…, file://path, a local path, ' +
  'npm://package@version/path, pypi://package@version/path, github:owner/repository/path@branch'

const HUB_PREFIX = /^(?:huggingface:\/\/|hf:\/\/|(?:https:\/\/)?hf\.co\/|huggingface\.co\/)/i
const HUB_PAGE = /^https:\/\/(?:huggingface\.co|hf\.co)\/([^/?#]+)\/([^/?#]+)\/(?:resolve|blob)\/([^/?#]+)\/([^?#]+)/i
const GITHUB_PREFIX = /^github:(?:\/\/)?/i
const UNSUPPORTED = /^(ollama|oci|ocifile|docker):\/\//i
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
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || HUB_PREFIX.test(text) || GITHUB_PREFIX.test(text) || isLocalPath(text)
}

/** Reads one of the forms of `URI_FORMS`; anything else is refused with that list. */
export function parseModelUri(text: string, options: ParseUriOptions = {}): ModelUri {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > MAX_LENGTH || hasControl(trimmed)) throw unknownForm(trimmed.slice(0, 100))
  const unsupported = UNSUPPORTED.exec(trimmed)
  if (unsupported !== null) {
    throw new AppError(
      'download.refused',
      `${unsupported[1]}:// is not supported yet, use the model file itself: ${URI_FORMS}`,
    )
  }
  const page = HUB_PAGE.exec(trimmed)
  if (page !== null) return hubPage(page)
  if (HUB_PREFIX.test(trimmed)) return repositoryFile('hub', trimmed.replace(HUB_PREFIX, ''), trimmed)
  if (GITHUB_PREFIX.test(trimmed)) return repositoryFile('github', trimmed.replace(GITHUB_PREFIX, ''), trimmed)
  if (/^https?:\/\//i.test(trimmed)) return httpUri(trimmed)
  if (/^file:\/\//i.test(trimmed)) return fileUri(trimmed)
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

/** The name that the file gets in the models folder when nobody says another. */
export function fileNameOf(uri: ModelUri): string {
  const name = pathOf(uri).split(/[/\\]/).at(-1)?.replace(/@.*$/, '') ?? ''
  if (/^[^.\s][^\s:*?"<>|]*$/.test(name) && name.length <= 200 && !hasControl(name)) return name
  return createHash('sha256').update(describeUri(uri)).digest('hex').slice(0, 32)
}

/** The path part, whose end is a file name. */
export function pathOf(uri: ModelUri): string {
  if (uri.kind === 'http') return decoded(new URL(uri.url).pathname)
  return uri.kind === 'file' ? uri.path : uri.file
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
