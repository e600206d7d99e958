import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openAccounts } from '../../src/accounts/open-accounts.ts'
import { type ApiHarness, type FakeNode, startApi, startEntry, startPeerApp } from '../integration/api-harness.ts'
import { fakeNetwork } from '../integration/fake-network.ts'
import { startManaged } from '../integration/managed-node.ts'
import { keepResponses } from '../integration/responses-harness.ts'
import { askOver, scriptedRouter } from '../integration/scripted-router.ts'
import { findRoutes } from './fuzz-routes.ts'
import type { FuzzTarget } from './fuzz-run.ts'
import { pick } from './fuzz-values.ts'

export interface StartedTarget extends FuzzTarget, AsyncDisposable {
  /** The header lines with which a chat is answered. Absent: there is nobody here who would. */
  readonly authorization?: string
  /** What is held now and must be nothing once all requests have ended, by name. */
  held(): Promise<Readonly<Record<string, number>>>
}

const KEY = 'the-right-key'
export const UPLOAD_LIMIT_BYTES = 1_000_000
export const WIDTH = 8
/** Exactly what requests that run at the same time can need: whatever is never given back shows in the next request. */
const TIGHT = {
  uploadLimitBytes: UPLOAD_LIMIT_BYTES,
  bodyBudget: { totalBytes: WIDTH * UPLOAD_LIMIT_BYTES },
  maxInFlight: WIDTH,
}

/** Every face of the node, each with what stands behind it. */
export const TARGETS = {
  'a node': () => startNode('a node'),
  'a node with keys': () => startNode('a node with keys', [KEY]),
  'a node with accounts': startWithAccounts,
  'a node in a network': startInNetwork,
  'a node that is managed': startWithManagement,
  'the face for members': startForMembers,
  'an entry': startAnEntry,
} as const satisfies Readonly<Record<string, () => Promise<StartedTarget>>>

async function startNode(name: string, apiKeys: readonly string[] = []): Promise<StartedTarget> {
  const { made, apps } = await findRoutes(async () => {
    const kept = await keepResponses()
    return { kept, api: await startApi({ ...TIGHT, responses: kept.responses, apiKeys }) }
  })
  const { kept, api } = made
  return {
    name,
    routes: routesOf(apps),
    connect: () => connectTo(api.url),
    ...(apiKeys.length === 0
      ? {}
      : { headers: (random) => (random() < 0.6 ? [['Authorization', `Bearer ${KEY}`]] : []) }),
    authorization: apiKeys.length === 0 ? '' : `Authorization: Bearer ${KEY}\r\n`,
    held: () => heldBy(api),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await kept[Symbol.asyncDispose]()
    },
  }
}

async function startWithAccounts(): Promise<StartedTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-fuzz-'))
  const { made, apps } = await findRoutes(async () => {
    const accounts = openAccounts(
      { log: pino({ level: 'silent' }), now: () => Date.now() },
      {
        file: join(folder, 'accounts.db'),
        setupCodeFile: join(folder, 'setup-code'),
        registrationMode: 'open',
        passwordCost: { memoryKibibytes: 8, passes: 1 },
      },
    )
    return { accounts, api: await startApi({ ...TIGHT, accounts, apiKeys: [KEY] }) }
  })
  const { accounts, api } = made
  return {
    name: 'a node with accounts',
    routes: routesOf(apps).filter(({ url }) => url.includes('auth')),
    connect: () => connectTo(api.url),
    headers: (random) =>
      pick(random, [[], [['Authorization', `Bearer ${KEY}`]], [['Cookie', 'session=nobody']]] as const),
    held: () => heldBy(api),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await accounts[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

/** Requests are read for their model before they are checked, and then served here. */
async function startInNetwork(): Promise<StartedTarget> {
  const scripted = scriptedRouter()
  const { made: api, apps } = await findRoutes(() =>
    startApi(TIGHT, { router: scripted.router, ...fakeNetwork().deps }),
  )
  return {
    name: 'a node in a network',
    routes: routesOf(apps),
    connect: () => connectTo(api.url),
    authorization: '',
    async held() {
      // What the script remembers is no memory of the node's.
      scripted.asked.length = 0
      return { ...(await heldBy(api)), places: scripted.places }
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

async function startWithManagement(): Promise<StartedTarget> {
  const { made: managed, apps } = await findRoutes(() => startManaged())
  return {
    name: 'a node that is managed',
    routes: routesOf(apps).filter(({ url }) => /models|backend|operations|resources|features/.test(url)),
    connect: () => connectTo(managed.api.url),
    held: () => heldBy(managed.api),
    [Symbol.asyncDispose]: () => managed[Symbol.asyncDispose](),
  }
}

async function startPeer() {
  const peer = await startPeerApp(TIGHT)
  const server = createServer((socket) => peer.app.accept(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const { port } = address
  return {
    ...peer,
    port,
    connections: () => connectionsOf(server),
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      server.close()
      await once(server, 'close')
    },
  }
}

async function startForMembers(): Promise<StartedTarget> {
  const { made: peer, apps } = await findRoutes(startPeer)
  return {
    name: 'the face for members',
    routes: routesOf(apps),
    connect: () => connectTo(`http://127.0.0.1:${peer.port}`),
    authorization: '',
    // One source may not have all of so few places, and all of these requests are of one.
    mayAnswer: [503],
    held: async () => ({ ...(await heldBy(peer)), connections: await peer.connections() }),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  }
}

/** What an entry takes goes to a member as it came. */
async function startAnEntry(): Promise<StartedTarget> {
  const peer = await startPeer()
  const scripted = scriptedRouter()
  scripted.script = askOver({ host: '127.0.0.1', port: peer.port, agent: false })
  const { made: entry, apps } = await findRoutes(() =>
    startEntry({ router: scripted.router, ...fakeNetwork().deps }, { ...TIGHT, maxForwarded: WIDTH }),
  )
  return {
    name: 'an entry',
    routes: routesOf(apps),
    connect: () => connectTo(entry.url),
    authorization: '',
    async held() {
      scripted.asked.length = 0
      return { ...(await heldBy({ ...entry, node: peer.node })), connections: await peer.connections() }
    },
    async [Symbol.asyncDispose]() {
      await entry[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
    },
  }
}

function routesOf(apps: Awaited<ReturnType<typeof findRoutes>>['apps']): FuzzTarget['routes'] {
  return apps.flatMap(({ routes }) => routes).filter(({ method, url }) => method !== 'HEAD' && url !== '*')
}

async function connectTo(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

async function heldBy({ metrics, node }: Pick<ApiHarness, 'metrics'> & { readonly node: FakeNode }) {
  const inFlight = (await metrics())
    .split('\n')
    .filter((line) => /^local_ai_requests_(?:in_flight|waiting)\{/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  return { leases: node.leases, inFlight }
}

async function connectionsOf(server: ReturnType<typeof createServer>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  return await promise
}
