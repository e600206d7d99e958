import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { isLoopbackAddress, literalAddress } from '../download/addresses.ts'
import type { FetchOptions } from '../download/fetch-file.ts'
import { getText, type HttpClient, type HttpResponse } from '../download/http-client.ts'
import { transfer } from '../download/http-transfer.ts'
import { type Brought, checksumMismatch, discardPartial } from '../download/partial-file.ts'
import { type Challenge, parseChallenges } from './auth-challenge.ts'
import type { CredentialsFor } from './docker-credentials.ts'
import { DOCKER_HUB, describeImage, type ImageReference, manifestName } from './image-reference.ts'
import { type Descriptor, MANIFEST_TYPES, MAX_MANIFEST_BYTES } from './manifest.ts'

/** Where a blob is to go. */
export interface BlobRequest {
  /** It ends up at `<target>.partial`. */
  readonly target: string
  /** Name to report progress under. */
  readonly file: string
  readonly maxBytes: number
  readonly attempts?: number
}

/** Reads images of registries (Distribution specification 1.1, "Pull"); it never writes to one. */
export interface RegistryClient {
  /**
   * The text of the manifest that the reference names, or of another one of its repository by digest; what is asked for by
   * digest has that digest. Throws `download.failed` with what the registry says, and `download.checksum-mismatch`.
   */
  manifest(image: ImageReference, of: Descriptor | undefined, options: AbortOptions): Promise<string>
  /** A small blob, whole and verified. */
  text(image: ImageReference, blob: Descriptor, options: AbortOptions): Promise<string>
  /** A blob at `<target>.partial`, verified; goes on where an earlier attempt stopped. */
  bring(
    image: ImageReference,
    blob: Descriptor,
    request: BlobRequest & { readonly options: FetchOptions },
  ): Promise<Brought>
}

export interface RegistryClientDeps {
  readonly http: HttpClient
  readonly credentialsFor: CredentialsFor
  /** Milliseconds that never go back. */
  readonly now?: () => number
}

export interface RegistryClientInit {
  /** A registry that turns out to speak no TLS is asked without, but gets no credentials then. */
  readonly allowHttp: boolean
}

interface Token {
  readonly authorization: string
  readonly until: number
}

const MAX_TOKEN_BYTES = 64 * 1024
const MAX_TOKENS = 64
const MAX_SCOPE = 2048
/** Docker's rule for tokens that do not say how long they hold. */
const LEAST_TOKEN_SECONDS = 60
const NO_TLS = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']

export function createRegistryClient(deps: RegistryClientDeps, init: RegistryClientInit): RegistryClient {
  const { http, credentialsFor, now = () => performance.now() } = deps
  const tokens = new Map<string, Token>()
  /** Registries that were found to speak no TLS. */
  const plain = new Set<string>()

  /** The guarded client, with this image's credentials for its own registry and nobody else. */
  function clientFor(image: ImageReference): Pick<HttpClient, 'get' | 'retrying'> {
    const key = `${image.registry}/${image.repository}`
    const get: HttpClient['get'] = async (url, headers, options) => {
      const known = tokens.get(key)
      const held = known !== undefined && known.until > now() ? known.authorization : undefined
      const first = await ask(image, url, { headers: withToken(headers, held), options })
      if (first.status !== 401) return answered(image, first)
      discardBody(first)
      // Whoever a registry redirects to may not ask for its credentials.
      if (new URL(first.from).host !== new URL(url).host) throw denied(image, 401)
      const token = await authorize(image, {
        challenges: parseChallenges(first.headers('www-authenticate')),
        from: first.from,
        options,
      })
      remember(key, token)
      return answered(image, await ask(image, url, { headers: withToken(headers, token.authorization), options }))
    }
    return { get, retrying: http.retrying }
  }

  async function ask(
    { registry }: ImageReference,
    url: string,
    { headers, options }: { readonly headers: Readonly<Record<string, string>>; readonly options: AbortOptions },
  ): Promise<HttpResponse> {
    const withoutTls = url.replace(/^https:/, 'http:')
    if (plain.has(registry) || isThisMachine(registry)) return await http.get(withoutTls, headers, options)
    try {
      return await http.get(url, headers, options)
    } catch (error) {
      if (!init.allowHttp || !speaksNoTls(error)) throw error
      plain.add(registry)
      return await http.get(withoutTls, headers, options)
    }
  }

  async function authorize(
    image: ImageReference,
    {
      challenges,
      from,
      options,
    }: { readonly challenges: readonly Challenge[]; readonly from: string; readonly options: AbortOptions },
  ): Promise<Token> {
    const isSafe = from.startsWith('https:') || isThisMachine(image.registry)
    const credentials = isSafe ? await credentialsFor(image.registry) : undefined
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer !== undefined) return await fetchToken(image, { bearer, from, credentials, options })
    const wantsBasic = challenges.some(({ scheme }) => scheme === 'basic')
    if (!wantsBasic || credentials === undefined) throw denied(image, 401)
    return { authorization: `Basic ${credentials}`, until: Number.POSITIVE_INFINITY }
  }

  async function fetchToken(
    image: ImageReference,
    { bearer, from, credentials, options }: TokenRequest,
  ): Promise<Token> {
    const url = tokenUrl(image, bearer, from)
    const headers = credentials === undefined ? {} : { authorization: `Basic ${credentials}` }
    const text = await getText(http, { url, headers, maxBytes: MAX_TOKEN_BYTES }, options).catch((error: unknown) => {
      const status = error instanceof AppError ? error.details['status'] : undefined
      throw status === 401 || status === 403 ? denied(image, status) : error
    })
    const { token, seconds } = parseToken(text, image)
    return { authorization: `Bearer ${token}`, until: now() + seconds * 1000 }
  }

  function remember(key: string, token: Token): void {
    const [oldest] = tokens.keys()
    tokens.delete(key)
    if (tokens.size >= MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
    tokens.set(key, token)
  }

  const fetchManifest = async (image: ImageReference, name: string, options: AbortOptions): Promise<string> => {
    const url = addressOf(image, `manifests/${name}`)
    const headers = { accept: MANIFEST_TYPES.join(', ') }
    return await getText(clientFor(image), { url, headers, maxBytes: MAX_MANIFEST_BYTES }, options)
  }

  const bring: RegistryClient['bring'] = async (image, blob, { options, ...request }) => {
    const url = addressOf(image, `blobs/sha256:${blob.sha256}`)
    // What was there before may be what is wrong: once more from the start.
    for (let again = true; ; again = false) {
      const done = await transfer(clientFor(image), { ...request, url, sha256: blob.sha256 }, options)
      if (done.sha256 === blob.sha256) return done
      await discardPartial(request.target)
      if (done.resumed && again) continue
      throw checksumMismatch(`sha256:${blob.sha256} of ${describeImage(image)}`, blob.sha256, done.sha256)
    }
  }

  return {
    async manifest(image, of, options) {
      const digest = of?.sha256 ?? image.digest
      const text = await fetchManifest(image, of === undefined ? manifestName(image) : `sha256:${of.sha256}`, options)
      return digest === undefined ? text : verified(text, digest, image)
    },
    async text(image, blob, options) {
      const request = { url: addressOf(image, `blobs/sha256:${blob.sha256}`), maxBytes: blob.size }
      return verified(await getText(clientFor(image), request, options), blob.sha256, image)
    },
    bring,
  }
}

interface TokenRequest {
  readonly bearer: Challenge
  /** Who sent the challenge. */
  readonly from: string
  readonly credentials: string | undefined
  readonly options: AbortOptions
}

function addressOf({ registry, repository }: ImageReference, rest: string): string {
  return `https://${registry === DOCKER_HUB ? 'registry-1.docker.io' : registry}/v2/${repository}/${rest}`
}

/** Distribution specification, "Token authentication": `service` and `scope` go to the realm as they are. */
function tokenUrl(image: ImageReference, { parameters }: Challenge, from: string): string {
  const { realm = '', service, scope } = parameters
  if (!URL.canParse(realm)) throw refusedRealm(image, 'which is no address')
  const url = new URL(realm)
  if (url.protocol !== 'https:' && from.startsWith('https:')) throw refusedRealm(image, 'which is not encrypted')
  if (service !== undefined) url.searchParams.set('service', service.slice(0, MAX_SCOPE))
  const wanted = scope === undefined || scope === '' ? `repository:${image.repository}:pull` : scope
  url.searchParams.set('scope', wanted.slice(0, MAX_SCOPE))
  return url.href
}

function parseToken(text: string, image: ImageReference): { readonly token: string; readonly seconds: number } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Said below.
  }
  const { token, access_token: other, expires_in: expires } = isObject(value) ? value : {}
  const found = typeof token === 'string' && token !== '' ? token : other
  if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) {
    throw new AppError('download.failed', `${image.registry} sends to a place for tokens that gives none`)
  }
  return { token: found, seconds: Math.max(typeof expires === 'number' ? expires : 0, LEAST_TOKEN_SECONDS) * 0.9 }
}

function withToken(
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Readonly<Record<string, string>> {
  return authorization === undefined ? headers : { ...headers, authorization }
}

/** Everything but a refusal is judged by who asked. */
function answered(image: ImageReference, response: HttpResponse): HttpResponse {
  const { status } = response
  if (status !== 401 && status !== 403 && status !== 404) return response
  discardBody(response)
  if (status !== 404) throw denied(image, status)
  throw new AppError('download.failed', `there is no image ${describeImage(image)} (status 404)`, {
    details: { status },
  })
}

function discardBody(response: HttpResponse): void {
  response.body.on('error', () => {}).destroy()
}

function denied(image: ImageReference, status: number): AppError {
  return new AppError(
    'download.failed',
    `${image.registry} refuses access to ${describeImage(image)} (status ${status}): there is no such image, or it is ` +
      `private; for private images run "docker login ${image.registry}"`,
    { details: { status } },
  )
}

function refusedRealm(image: ImageReference, reason: string): AppError {
  return new AppError('download.refused', `${image.registry} sends to a place for tokens ${reason}`)
}

function verified(text: string, sha256: string, image: ImageReference): string {
  const actual = createHash('sha256').update(text).digest('hex')
  if (actual === sha256) return text
  throw checksumMismatch(describeImage(image), sha256, actual)
}

function isThisMachine(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`)
  const address = literalAddress(hostname)
  return address === undefined ? /^(?:.+\.)?localhost$/i.test(hostname) : isLoopbackAddress(address)
}

function speaksNoTls(error: unknown): boolean {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    if (NO_TLS.includes((inner as NodeJS.ErrnoException).code ?? '')) return true
  }
  return false
}
