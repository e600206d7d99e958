import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeRunScript } from './fake-backend/fixture.ts'
import { type BackendWatch, watchBackends } from './fake-backend/watch.ts'
import { MAIN, type RunningNode, startLocalAi } from './local-ai.ts'
import type { Machine } from './namespaces.ts'
import { poll } from './poll.ts'
import { tinyChat } from './tiny-models.ts'

const run = promisify(execFile)
const SETTLE_TIMEOUT_MS = 30_000

export interface SwarmNodeInit {
  readonly name: string
  /** `local-ai federated`: an entry without models. */
  readonly entry?: boolean
  /** Names under which the shipped tiny chat model is served. */
  readonly chat?: readonly string[]
  /** Names of models of the scripted backend; the prompt says what happens. */
  readonly scripted?: readonly string[]
  /** Files of the models folder: name to path. */
  readonly files?: Readonly<Record<string, string>>
  /** Where it runs; on the loopback of this machine when left out. */
  readonly machine?: Machine
  /** Instead of the swarm's. */
  readonly token?: string
  /** Finds the others by multicast DNS; nobody is named to it. */
  readonly mdns?: boolean
  /** Asked of whoever calls its API; `fetch` and what builds on it send it. */
  readonly apiKey?: string
  /** Has the key of the network's owner. */
  readonly owner?: true
  readonly arguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A node as `/api/p2p/federation` lists it. */
export interface ListedNode {
  readonly name: string
  readonly id: string
  readonly isOnline: boolean
}

export interface SwarmNode {
  readonly name: string
  readonly folder: string
  /** HOST:PORT for `--p2p-bootstrap`. */
  readonly contact: string
  readonly url: string
  /** The process that runs now; a restart makes another. */
  readonly process: RunningNode
  /** From the log line of its start; the same after a restart. */
  readonly peerId: string
  /** Its scripted backends report here. */
  readonly backends: BackendWatch
  /** To its API, wherever it runs. */
  readonly fetch: typeof fetch
  /** Asks its API and reads the JSON. */
  ask(path: string): Promise<unknown>
  /** The others, as it sees them. */
  peers(): Promise<readonly ListedNode[]>
  models(): Promise<readonly string[]>
  /** A chat whose one message is this text or script. */
  chat(
    model: string,
    message: unknown,
    init?: { readonly stream?: boolean; readonly signal?: AbortSignal },
  ): Promise<Response>
  end(signal: NodeJS.Signals): Promise<void>
  /** The same folder, so the same node. */
  start(): Promise<void>
}

export interface Swarm extends AsyncDisposable {
  readonly token: string
  node(name: string): SwarmNode
  add(init: SwarmNodeInit): Promise<SwarmNode>
  /** Resolves when every running node sees every other one that serves. */
  settled(): Promise<void>
}

export async function newToken(ownerKeyFile?: string): Promise<string> {
  const owned = ownerKeyFile === undefined ? [] : ['--owner-key', ownerKeyFile]
  const { stdout } = await run(process.execPath, [MAIN, 'p2p', 'token', '--new', ...owned], { cwd: tmpdir() })
  return stdout.trim()
}

/** Real processes that share a token. The first is started first; the others are told its address, and no other. */
export async function startSwarm(inits: readonly SwarmNodeInit[]): Promise<Swarm> {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-swarm-'))
  const ownerKeyFile = join(folder, 'owner.key')
  const token = await newToken(ownerKeyFile)
  const nodes: Member[] = []

  async function add(init: SwarmNodeInit): Promise<SwarmNode> {
    // Asked at every start: who comes back calls somebody who is there, though it was once the first itself.
    const contact = (): string | undefined => nodes.find((node) => node !== member && node.isRunning)?.contact
    const member = await createMember({ init, folder, token, ownerKeyFile, contact })
    nodes.push(member)
    await member.start()
    return member
  }

  const swarm: Swarm = {
    token,
    node(name) {
      const found = nodes.find((node) => node.name === name)
      if (found === undefined) throw new Error(`no node ${name}`)
      return found
    },
    add,
    async settled() {
      const running = nodes.filter((node) => node.isRunning && node.init.token === undefined)
      const serving = running.filter((node) => node.init.entry !== true)
      await Promise.all(running.map((node) => seesAll(node, serving)))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    const [first, ...others] = inits
    if (first !== undefined) await add(first)
    await Promise.all(others.map(add))
    await swarm.settled()
    return swarm
  } catch (error) {
    await swarm[Symbol.asyncDispose]()
    throw error
  }
}

async function seesAll(node: SwarmNode, others: readonly SwarmNode[]): Promise<void> {
  let missing: readonly string[] = []
  const what = (): string => `${node.name} sees everybody; it misses ${missing.join(', ')}`
  await poll(what, SETTLE_TIMEOUT_MS, async () => {
    const online = new Set((await node.peers()).filter((peer) => peer.isOnline).map((peer) => peer.name))
    missing = others.map((other) => other.name).filter((name) => name !== node.name && !online.has(name))
    return missing.length === 0
  })
}

interface Member extends SwarmNode {
  readonly init: SwarmNodeInit
  readonly isRunning: boolean
  close(): Promise<void>
}

interface MemberParts {
  readonly init: SwarmNodeInit
  readonly folder: string
  readonly token: string
  readonly ownerKeyFile: string
  readonly contact: () => string | undefined
}

async function createMember(parts: MemberParts): Promise<Member> {
  const { init } = parts
  const folder = join(parts.folder, init.name)
  const backends = await watchBackends()
  await prepareFolder(folder, parts, backends)
  const started: RunningNode[] = []
  let running: RunningNode | undefined
  let fetchBare: typeof fetch = fetch
  let joined: { readonly peerId: string; readonly addresses: readonly string[] } | undefined

  const current = (): RunningNode => {
    if (running === undefined) throw new Error(`${init.name} does not run`)
    return running
  }
  const fetchHere: typeof fetch = async (url, request = {}) => {
    const headers = new Headers(request.headers)
    if (init.apiKey !== undefined && !headers.has('authorization'))
      headers.set('authorization', `Bearer ${init.apiKey}`)
    return await fetchBare(url, { ...request, headers: Object.fromEntries(headers) })
  }
  const member: Member = {
    init,
    name: init.name,
    folder,
    backends,
    get url() {
      return current().url
    },
    get process() {
      return current()
    },
    get peerId() {
      return joined?.peerId ?? ''
    },
    get isRunning() {
      return running !== undefined
    },
    get contact() {
      return `${init.machine?.address ?? '127.0.0.1'}:${portOf(joined?.addresses ?? [])}`
    },
    fetch: fetchHere,
    async ask(path) {
      return await (await fetchHere(`${member.url}${path}`)).json()
    },
    async peers() {
      const { nodes } = (await member.ask('/api/p2p/federation')) as { nodes: readonly ListedNode[] }
      return nodes.filter((node) => node.name !== init.name)
    },
    async models() {
      const { data } = (await member.ask('/v1/models')) as { data: readonly { id: string }[] }
      return data.map(({ id }) => id)
    },
    async chat(model, message, { stream = false, signal } = {}) {
      const content = typeof message === 'string' ? message : JSON.stringify(message)
      return await fetchHere(`${member.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, temperature: 0, stream, messages: [{ role: 'user', content }] }),
        ...(signal === undefined ? {} : { signal }),
      })
    },
    async end(signal) {
      const ending = current()
      running = undefined
      await ending.end(signal)
    },
    async start() {
      const starting = await startLocalAi({
        folder,
        subcommand: init.entry === true ? 'federated' : 'run',
        ...(init.machine === undefined ? {} : { command: [...init.machine.enter, process.execPath, MAIN] }),
        arguments: wordsFor(init, { folder, contact: parts.contact(), port: portOf(joined?.addresses ?? []) }),
        environment: {
          ...(init.apiKey === undefined ? {} : { LOCALAI_API_KEY: init.apiKey }),
          ...init.environment,
        },
      })
      started.push(starting)
      const line = await starting.waitForLog((entry) => entry.msg === 'joined the network')
      joined = { peerId: String(line['peerId']), addresses: line['addresses'] as readonly string[] }
      fetchBare = (await init.machine?.fetcher(Number(new URL(starting.url).port))) ?? fetch
      running = starting
    },
    async close() {
      for (const process of started) await process[Symbol.asyncDispose]()
      await backends[Symbol.asyncDispose]()
    },
  }
  return member
}

async function prepareFolder(folder: string, parts: MemberParts, backends: BackendWatch): Promise<void> {
  const { init, token } = parts
  const models = join(folder, 'models')
  mkdirSync(models, { recursive: true })
  if (init.owner === true) {
    mkdirSync(join(folder, 'data', 'p2p'), { recursive: true, mode: 0o700 })
    copyFileSync(parts.ownerKeyFile, join(folder, 'data', 'p2p', 'owner.key'))
  }
  writeFileSync(join(folder, 'token'), init.token ?? token, { mode: 0o600 })
  for (const [name, path] of Object.entries(init.files ?? {})) copyFileSync(path, join(models, name))
  for (const name of init.chat ?? []) {
    copyFileSync(tinyChat(), join(models, `${name}.gguf`))
    writeFileSync(join(models, `${name}.yaml`), JSON.stringify({ name, parameters: { model: `${name}.gguf` } }))
  }
  if (init.scripted === undefined) return
  await writeRunScript(folder, backends.path)
  for (const name of init.scripted) writeFileSync(join(models, `${name}.yaml`), scriptedModel(name))
}

/** A model whose file nobody reads: the scripted backend has none. */
export function scriptedModel(name: string): string {
  return JSON.stringify({
    name,
    backend: 'scripted',
    parameters: { model: `${name}.bin` },
    template: { use_tokenizer_template: true },
  })
}

function wordsFor(
  init: SwarmNodeInit,
  at: { readonly folder: string; readonly contact: string | undefined; readonly port: number },
): readonly string[] {
  const words = ['--node-name', init.name, '--p2p-token-file', join(at.folder, 'token')]
  if (init.entry !== true) words.push('--p2p', '--federated')
  if (init.scripted !== undefined) words.push('--external-grpc-backends', `scripted:${join(at.folder, 'run.sh')}`)
  // A machine of its own has the standard settings: all interfaces, on the port of the last start.
  if (init.machine === undefined) words.push('--p2p-listen', `/ip4/127.0.0.1/tcp/${at.port}`)
  if (init.mdns !== true) {
    words.push('--p2p-mdns=false')
    if (at.contact !== undefined) words.push('--p2p-bootstrap', at.contact)
  }
  return [...words, ...(init.arguments ?? [])]
}

/** Of the first TCP address; 0 when there is none yet. */
function portOf(addresses: readonly string[]): number {
  return Number(addresses.map((address) => /\/tcp\/(\d+)/.exec(address)?.[1]).find((port) => port !== undefined) ?? 0)
}
