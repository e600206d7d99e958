import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeGallery } from '../../src/compose/compose-gallery.ts'
import { composeManagement } from '../../src/compose/compose-management.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import { runSettings } from '../../src/config/settings.ts'
import { createModelRegistry } from '../../src/models/create-model-registry.ts'
import { createLogger, type Logger } from '../../src/telemetry/logger.ts'
import { type FileServer, sendFile, startFileServer } from '../support/file-server.ts'
import { poll } from '../support/poll.ts'
import { type ApiHarness, startApi } from './api-harness.ts'

export interface ManagedNode extends AsyncDisposable {
  readonly api: ApiHarness
  readonly server: FileServer
  /** What the server has, by path; anything else is 404. It is the hub, too. */
  readonly served: Map<string, Buffer>
  readonly models: string
  readonly backends: string
  readonly data: string
  files(): Promise<readonly string[]>
  /** The status of a job once it is over. */
  ended(url: string): Promise<Record<string, unknown>>
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>
  post(path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>
}

export interface ManagedInit {
  /** YAML of a model gallery and of a backend gallery on this machine; `HUB` stands for the server's address. */
  readonly gallery?: string
  readonly backendGallery?: string
  readonly flags?: Readonly<Record<string, readonly string[]>>
  readonly apiKeys?: readonly string[]
  /** Default: what is logged is lost. */
  readonly log?: Logger
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const silent = createLogger({ level: 'silent', format: 'json' })

/** The real HTTP face and the real galleries on folders of their own; models run nowhere. */
export async function startManaged(init: ManagedInit = {}): Promise<ManagedNode> {
  const { log = silent } = init
  const served = new Map<string, Buffer>()
  const server = await startFileServer((request, response) => {
    const body = served.get(new URL(request.url ?? '', 'http://x').pathname)
    if (body === undefined) response.writeHead(404).end()
    else sendFile(request, response, { body, etag: `"${sha256(body)}"` })
  })
  const root = await mkdtemp(join(tmpdir(), 'local-ai-managed-'))
  const [models, backends, data] = [join(root, 'models'), join(root, 'backends'), join(root, 'data')]
  type Sources = { name: string; url: string }[]
  const galleries: Record<'galleries' | 'backendGalleries', Sources> = { galleries: [], backendGalleries: [] }
  for (const [kind, text] of [
    ['galleries', init.gallery],
    ['backendGalleries', init.backendGallery],
  ] as const) {
    if (text === undefined) continue
    const url = join(root, `${kind}.yaml`)
    await writeFile(url, text.replaceAll('HUB', server.origin).replaceAll('REGISTRY', new URL(server.origin).host))
    galleries[kind].push({ name: 'own', url })
  }
  const settings = resolveSettings(
    runSettings,
    {
      modelsPath: [models],
      backendsPath: [backends],
      backendsSystemPath: [join(root, 'system')],
      dataPath: [data],
      cachePath: [join(root, 'cache')],
      galleries: [JSON.stringify(galleries.galleries)],
      backendGalleries: [JSON.stringify(galleries.backendGalleries)],
      allowPrivateDownloads: ['true'],
      ...init.flags,
    },
    {},
  )
  const registry = createModelRegistry({ log }, { modelsPath: models })
  await registry.start()
  const environment = { HF_ENDPOINT: server.origin }
  const gallery = composeGallery(settings, { log, environment }, { registry })
  const loader = { loaded: () => [], unload: async () => false }
  const managed = composeManagement({ log, gallery, registry, loader, backendsChanged: async () => {} }, settings)
  await managed.part.start()
  const api = await startApi({ managed: managed.api, media: { registry }, apiKeys: init.apiKeys ?? [] })

  async function get(path: string) {
    const response = await fetch(`${api.url}${path}`)
    return { status: response.status, body: (await response.json()) as unknown }
  }
  return {
    api,
    server,
    served,
    models,
    backends,
    data,
    get,
    files: async () => (await readdir(models).catch(() => [])).toSorted(),
    ended: (url) =>
      poll('the end of a job', 20_000, async () => {
        const response = await fetch(url.startsWith('http') ? url : `${api.url}${url}`)
        const status = (await response.json()) as Record<string, unknown>
        return status['processed'] === true ? status : undefined
      }),
    async post(path, body = {}) {
      const response = await api.post(path, body)
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await managed.part.stop()
      await gallery[Symbol.asyncDispose]()
      await registry.stop()
      await server[Symbol.asyncDispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** What a node has written about its jobs. */
export async function jobsFile(node: ManagedNode): Promise<string> {
  return await readFile(join(node.data, 'jobs.json'), 'utf8')
}
