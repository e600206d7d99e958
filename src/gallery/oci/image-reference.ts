import { AppError } from '../../base/errors.ts'

/** Where an image is. Without tag and digest it is `latest`. */
export interface ImageReference {
  /** `host` or `host:port`, as it is written: `docker.io` is Docker Hub. */
  readonly registry: string
  /** Path in the registry, `library/` of Docker Hub's own images included. */
  readonly repository: string
  readonly tag?: string
  /** SHA-256 of the manifest, 64 lower-case hex digits; it counts before the tag. */
  readonly digest?: string
}

export const DOCKER_HUB = 'docker.io'
/** The registry of `ollama://model`. */
export const OLLAMA_REGISTRY = 'registry.ollama.ai'

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:.]+\\])(?::[0-9]{1,5})?$`)
/** Distribution specification 1.1, "Pulling manifests": `<name>` and `<reference>`. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
/** Models for Ollama have capitals where other images have none. */
const OLLAMA_PART = /^[a-zA-Z0-9_](?:[a-zA-Z0-9._-]{0,79})$/
const MAX_REPOSITORY = 255

/** Reads `[registry/]repository[:tag][@sha256:…]` with Docker's short names. Throws `download.refused`. */
export function parseImageReference(text: string): ImageReference {
  const [name, ...digests] = text.split('@')
  const [digest, ...more] = digests
  const { path, tag } = splitTag(name ?? '')
  const [first = '', ...rest] = path.split('/')
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = named ? canonicalRegistry(first) : DOCKER_HUB
  const written = named ? rest.join('/') : path
  const repository = registry === DOCKER_HUB && !written.includes('/') ? `library/${written}` : written
  const isValid =
    more.length === 0 &&
    REGISTRY.test(registry) &&
    repository.length <= MAX_REPOSITORY &&
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  if (!isValid) throw notAnImage(text, 'registry/repository:tag or registry/repository@sha256:…')
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest.slice('sha256:'.length) }),
  }
}

/** Reads `model[:tag]`, `user/model[:tag]` and `registry/user/model[:tag]`, as Ollama does. Throws `download.refused`. */
export function parseOllamaReference(text: string): ImageReference {
  const { path, tag } = splitTag(text)
  const parts = path.split('/')
  const [model = '', user = 'library', registry = OLLAMA_REGISTRY] = parts.toReversed()
  const isValid =
    parts.length <= 3 &&
    REGISTRY.test(registry) &&
    OLLAMA_PART.test(user) &&
    OLLAMA_PART.test(model) &&
    (tag === undefined || TAG.test(tag))
  if (!isValid) throw notAnImage(text, 'model:tag, user/model:tag or registry/user/model:tag')
  return { registry, repository: `${user}/${model}`, ...(tag === undefined ? {} : { tag }) }
}

/** The whole name; `parseImageReference` reads it again. */
export function describeImage({ registry, repository, tag, digest }: ImageReference): string {
  const mark = tag === undefined ? '' : `:${tag}`
  return `${registry}/${repository}${mark}${digest === undefined ? '' : `@sha256:${digest}`}`
}

/** The shortest name; `parseOllamaReference` reads it again. */
export function describeOllama({ registry, repository, tag }: ImageReference): string {
  const whole = registry === OLLAMA_REGISTRY ? repository.replace(/^library\//, '') : `${registry}/${repository}`
  return `${whole}${tag === undefined ? '' : `:${tag}`}`
}

/** What a registry is asked for: the digest when there is one. */
export function manifestName({ tag = 'latest', digest }: ImageReference): string {
  return digest === undefined ? tag : `sha256:${digest}`
}

/** A colon before the last slash belongs to the port of the registry. */
function splitTag(name: string): { readonly path: string; readonly tag: string | undefined } {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  return colon === -1 ? { path: name, tag: undefined } : { path: name.slice(0, colon), tag: name.slice(colon + 1) }
}

function canonicalRegistry(name: string): string {
  return name === 'index.docker.io' || name === 'registry-1.docker.io' ? DOCKER_HUB : name
}

function notAnImage(text: string, form: string): AppError {
  return new AppError('download.refused', `"${text.slice(0, 200)}" is no name of an image: write ${form}`)
}
