import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FileServer, sendFile, startFileServer } from './file-server.ts'

export interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Platform {
  readonly os: string
  readonly architecture: string
}

export interface ImageRegistry extends FileServer {
  /** `127.0.0.1:port`. */
  readonly host: string
  /** By digest; a test may put wrong bytes there. */
  readonly blobs: Map<string, Buffer>
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests: Map<string, Buffer>
  blob(bytes: Buffer | string, mediaType: string, annotations?: Readonly<Record<string, string>>): Blob
  /** Answers its digest. */
  image(name: string, layers: readonly Blob[], more?: Readonly<Record<string, unknown>>): string
  index(name: string, images: readonly { readonly digest: string; readonly platform?: Platform }[]): string
}

export interface RegistryInit {
  /** Where tokens are to be had; `SELF` is this server. Without it everybody may read. */
  readonly realm?: string
  /** What a token costs: `user:password`. */
  readonly credentials?: string
  /** Blobs are elsewhere, as big registries do it. */
  readonly blobsAt?: () => string
  /** Comes before everything else; true when it has answered. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const TOKEN = 'a-token-for-one-repository'

export const digestOf = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** A registry of images in this process, as small as the specification allows, with tokens as the big ones have them. */
export async function startImageRegistry(init: RegistryInit = {}): Promise<ImageRegistry> {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()
  const server = await startFileServer((request, response) => {
    if (init.before?.(request, response) === true) return
    const { pathname, searchParams } = new URL(request.url ?? '', server.origin)
    const refuse = (status: number): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"errors":[]}')
    }
    if (pathname === '/token') {
      const basic = `Basic ${Buffer.from(init.credentials ?? '').toString('base64')}`
      if (init.credentials !== undefined && request.headers.authorization !== basic) return refuse(401)
      const token = `${TOKEN}-${searchParams.get('scope')}`
      response.end(JSON.stringify({ token: Buffer.from(token).toString('base64url'), expires_in: 300 }))
      return
    }
    const [, repository = '', kind, name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? []
    if (init.realm !== undefined && !isAllowed(request, repository)) {
      const realm = init.realm.replace('SELF', server.origin)
      response.setHeader(
        'www-authenticate',
        `Bearer realm="${realm}",service="test registry",scope="repository:${repository}:pull"`,
      )
      return refuse(401)
    }
    if (kind === 'manifests') {
      const body = manifests.get(`${repository}${name.startsWith('sha256:') ? '@' : ':'}${name}`)
      if (body === undefined) return refuse(404)
      response.writeHead(200, { 'content-type': MANIFEST, 'docker-content-digest': digestOf(body) }).end(body)
      return
    }
    const body = blobs.get(name)
    if (kind !== 'blobs' || body === undefined) return refuse(404)
    if (init.blobsAt === undefined) sendFile(request, response, { body, etag: `"${name}"` })
    else response.writeHead(307, { location: `${init.blobsAt()}/${name}` }).end()
  })

  function manifest(name: string, value: unknown): string {
    const body = Buffer.from(JSON.stringify(value))
    const [repository = '', tag] = name.split(':')
    manifests.set(`${repository}@${digestOf(body)}`, body)
    if (tag !== undefined) manifests.set(name, body)
    return digestOf(body)
  }

  return {
    ...server,
    host: new URL(server.origin).host,
    blobs,
    manifests,
    blob(bytes, mediaType, annotations) {
      const body = Buffer.from(bytes)
      blobs.set(digestOf(body), body)
      return { mediaType, digest: digestOf(body), size: body.length, ...(annotations && { annotations }) }
    },
    image: (name, layers, more = {}) => manifest(name, { schemaVersion: 2, mediaType: MANIFEST, layers, ...more }),
    index: (name, images) =>
      manifest(name, {
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: images.map(({ digest, platform }) => ({ mediaType: MANIFEST, digest, size: 1, platform })),
      }),
  }
}

function isAllowed(request: IncomingMessage, repository: string): boolean {
  const expected = Buffer.from(`${TOKEN}-repository:${repository}:pull`).toString('base64url')
  return request.headers.authorization === `Bearer ${expected}`
}
