import '../support/check-answers.ts'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Accounts } from '../../src/accounts/open-accounts.ts'
import { createKeyRing, type KeyRing } from '../../src/api/access/key-ring.ts'
import { createEntryServer, type EntryServer, type EntryServerDeps } from '../../src/api/entry-server.ts'
import type { ApiServer } from '../../src/api/listening-server.ts'
import { createPeerApp, type PeerApp, type PeerAppDeps, type PeerAppInit } from '../../src/api/peer-app.ts'
import type { NetworkDeps, PublicInit } from '../../src/api/public-routes.ts'
import { type ApiServerDeps, type ApiServerInit, createApiServer } from '../../src/api/server.ts'
import type { BackendClient } from '../../src/backends/backend-client.ts'
import type { MediaClient } from '../../src/backends/media-client.ts'
import type { LoadedModel, ModelLoader } from '../../src/backends/model-lease.ts'
import { AppError } from '../../src/base/errors.ts'
import { NO_HOME } from '../../src/federation/home.ts'
import type { PredictOptions } from '../../src/grpc/generated/backend/PredictOptions.ts'
import { createChat } from '../../src/inference/chat.ts'
import { createComplete } from '../../src/inference/complete.ts'
import { type ContentStore, createContentStore } from '../../src/inference/content/content-store.ts'
import { createCountTokens } from '../../src/inference/count-tokens.ts'
import { createEdit } from '../../src/inference/edit.ts'
import { createEmbed } from '../../src/inference/embed.ts'
import { createMedia } from '../../src/inference/media/media.ts'
import { createStores } from '../../src/inference/stores/stores.ts'
import { createDetokenize, createTokenize } from '../../src/inference/tokenize.ts'
import type { ListedModel, ModelRegistry } from '../../src/models/model-registry.ts'
import { createResponses, RESPONSES_DEFAULTS, type Responses } from '../../src/responses/create-responses.ts'
import type { Logger } from '../../src/telemetry/logger.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { modelConfig, type Script, words } from './scripted-backend.ts'

export interface FakeNode {
  /** What the backend was asked, in order. */
  readonly asked: PredictOptions[]
  /** Leases given and not given back. */
  leases: number
  script: Script
  client: Partial<BackendClient>
  loaded: LoadedModel[]
  acquire?: ModelLoader['acquire']
  starting: string | undefined
  models: ListedModel[]
  /** In a folder of the system's for such things, which goes with this process. */
  readonly content: ContentStore
}

export interface ApiHarness extends AsyncDisposable {
  readonly url: string
  readonly node: FakeNode
  readonly server: ApiServer
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>
  metrics(): Promise<string>
}

const refused = async (): Promise<never> => {
  throw new AppError('backend.unsupported', 'not in this test')
}

// biome-ignore lint/correctness/useYield: it only fails
async function* refusedStream(): AsyncGenerator<never, void> {
  await refused()
}

const NO_MEDIA: MediaClient = {
  generateImage: refused,
  generateVideo: refused,
  speak: refused,
  speakStream: refusedStream,
  makeSound: refused,
  transcribe: refused,
  transcribeStream: refusedStream,
  detectSpeech: refused,
  detectObjects: refused,
  storesSet: refused,
  storesDelete: refused,
  storesGet: refused,
  storesFind: refused,
}

function fakeRegistry(node: FakeNode): ModelRegistry {
  return {
    list: () => node.models,
    find: (name) => node.models.find(({ id }) => id === name)?.config,
    fallback: () => node.models[0]?.config,
    reload: async () => {},
  }
}

function fakeLoader(node: FakeNode): ModelLoader {
  return {
    async acquire(config, options = {}) {
      if (node.acquire !== undefined) return await node.acquire(config, options)
      node.leases += 1
      const client: BackendClient = {
        predictStream(request, callOptions = {}) {
          node.asked.push(request)
          return node.script(request, callOptions)
        },
        embedding: refused,
        tokenize: refused,
        detokenize: refused,
        rerank: refused,
        status: refused,
        metrics: refused,
        ...NO_MEDIA,
        ...node.client,
      }
      return {
        client,
        backend: 'fake',
        [Symbol.dispose]() {
          node.leases -= 1
        },
      }
    },
    loaded: () => node.loaded,
    async unload(model) {
      const before = node.loaded.length
      node.loaded = node.loaded.filter(({ id }) => id !== model)
      return node.loaded.length < before
    },
  }
}

/** Of all nodes of this process; most never make theirs. */
const folders = new Set<string>()
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export function createFakeNode(): FakeNode {
  const folder = join(tmpdir(), `local-ai-api-${randomUUID()}`)
  folders.add(folder)
  return {
    asked: [],
    leases: 0,
    script: words('Hello', ' world'),
    client: {},
    loaded: [],
    starting: undefined,
    content: createContentStore(
      {
        log: pino({ level: 'silent' }),
        makeFolder: async (path) => void (await mkdir(path, { recursive: true })),
        home: () => '0000000000',
      },
      {
        contentPath: join(folder, 'content'),
        uploadPath: join(folder, 'upload'),
        retention: { maxAgeMs: 60_000, maxBytes: 10_000_000 },
        sweepIntervalMs: 60_000,
      },
    ),
    models: [{ id: 'tiny', config: modelConfig('tiny'), created: 1_700_000_000 }],
  }
}

/** The real inference on a backend that follows a script. */
export function createInference(node: FakeNode, responses: Responses = createNoResponses(), parts: MediaParts = {}) {
  const log = pino({ level: 'silent' })
  const deps = { registry: fakeRegistry(node), loader: fakeLoader(node), log }
  const complete = createComplete(deps)
  return {
    ...deps,
    responses,
    chat: createChat(deps),
    complete,
    edit: createEdit({ complete }),
    stores: createStores(deps, { maxBytes: 10_000_000, maxStores: 4 }),
    media: createMedia({ ...deps, content: node.content }),
    embed: createEmbed(deps),
    countTokens: createCountTokens(deps),
    tokenize: createTokenize(deps),
    detokenize: createDetokenize(deps),
    metrics: createMetrics({ log }, { processMetrics: false }),
    ...parts,
  }
}

/** For tests that have nothing to do with responses: nothing is kept on the disk. */
function createNoResponses(): Responses {
  const log = pino({ level: 'silent' })
  const makeParent = async (): Promise<never> => {
    throw new Error('not in this test')
  }
  return createResponses({ log, makeParent }, { ...RESPONSES_DEFAULTS, folder: '/none', home: () => NO_HOME, ttlMs: 0 })
}

const DEFAULTS = {
  address: '127.0.0.1:0',
  version: 'v0.0.0 (test)',
  uploadLimitBytes: 1_000_000,
  shutdownTimeoutMs: 5000,
}

/** Who may use the server. */
interface WithKeys {
  readonly apiKeys?: readonly string[]
  /** Instead of `apiKeys`, for keys that change. */
  readonly keys?: KeyRing
  readonly accounts?: Accounts
  readonly log?: Logger
}

interface WithResponses {
  /** Started and stopped by the test. Absent: none are kept. */
  readonly responses?: Responses
}

/** Real parts instead of those that follow a script. */
type MediaParts = Partial<Pick<ApiServerDeps, 'registry' | 'loader' | 'media' | 'stores' | 'mcp'>>
interface WithMedia {
  readonly media?: MediaParts
}
interface WithManagement {
  /** Absent: nothing is managed over HTTP. */
  readonly managed?: Pick<ApiServerDeps, 'management' | 'resources'>
}
type ApiInit = Partial<ApiServerInit> &
  WithKeys &
  WithResponses &
  WithMedia &
  Pick<ApiServerDeps, 'settings'> &
  WithManagement

/** The real server and the real inference on a loopback port; behind them, a backend that follows a script. */
export async function startApi(
  {
    apiKeys = [],
    keys = createKeyRing(apiKeys),
    accounts,
    log,
    responses,
    media,
    managed,
    settings,
    ...init
  }: ApiInit = {},
  network: NetworkDeps & Pick<ApiServerDeps, 'tracing' | 'logHistory' | 'series' | 'lag'> = {},
): Promise<ApiHarness> {
  const node = createFakeNode()
  const inference = createInference(node, responses, media)
  const server = createApiServer(
    {
      ...inference,
      ...network,
      ...managed,
      ...(log === undefined ? {} : { log }),
      access: { keys, accounts },
      settings,
      state: {
        backends: () => ['llama-cpp', 'llama-cpp'],
        engine: () => ({ name: 'llama-server', reason: 'it was faster' }),
        startingBecause: () => node.starting,
      },
    },
    { ...DEFAULTS, ...init },
  )
  await server.start()
  return { node, server, ...reach(server), metrics: () => inference.metrics.text() }
}

/** An entry without models, which only knows other nodes. */
export async function startEntry(
  network: Omit<EntryServerDeps, 'access' | 'metrics' | 'log'>,
  { apiKeys = [], log = pino({ level: 'silent' }), ...init }: Partial<PublicInit> & WithKeys = {},
): Promise<Omit<ApiHarness, 'node' | 'server'> & { readonly server: EntryServer }> {
  const metrics = createMetrics({ log }, { processMetrics: false })
  const server = createEntryServer(
    { ...network, access: { keys: createKeyRing(apiKeys) }, metrics, log },
    { ...DEFAULTS, ...init },
  )
  await server.start()
  return { server, ...reach(server), metrics: () => metrics.text() }
}

export interface PeerHarness extends AsyncDisposable {
  readonly node: FakeNode
  readonly app: PeerApp
  metrics(): Promise<string>
}

/** The face for members; connections are the test's. */
export async function startPeerApp({
  responses,
  media,
  drain,
  tracing,
  ...init
}: Partial<PeerAppInit> &
  WithResponses &
  WithMedia &
  Pick<PeerAppDeps, 'drain' | 'tracing'> = {}): Promise<PeerHarness> {
  const node = createFakeNode()
  const inference = createInference(node, responses, media)
  const app = createPeerApp(
    { ...inference, tracing, ...(drain === undefined ? {} : { drain }) },
    { ...DEFAULTS, ...init },
  )
  await app.start()
  return { node, app, metrics: () => inference.metrics.text(), [Symbol.asyncDispose]: () => app.stop() }
}

function reach(server: ApiServer): Pick<ApiHarness, 'url' | 'post' | typeof Symbol.asyncDispose> {
  const url = `http://127.0.0.1:${server.address().port}`
  return {
    url,
    post: (path, body, options = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...options,
      }),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** The payloads of an event stream, `[DONE]` as that word. */
export async function readEvents(response: Response): Promise<unknown[]> {
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('data: '))
    .map((block) => block.slice('data: '.length))
    .map((payload): unknown => (payload === '[DONE]' ? payload : JSON.parse(payload)))
}
