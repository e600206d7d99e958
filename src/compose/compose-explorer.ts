import { readFile, stat } from 'node:fs/promises'
import { loadAssets } from '../api/explorer/assets.ts'
import { createExplorerServer } from '../api/explorer/explorer-server.ts'
import { AppError } from '../base/errors.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ExplorerSettings } from '../config/explorer-settings.ts'
import { createDirectory } from '../explorer/directory.ts'
import { createDiscovery, type Discovery, type DiscoveryStatus } from '../explorer/discovery.ts'
import { importLocalAi } from '../explorer/import-localai.ts'
import type { ReadToken } from '../explorer/listed-network.ts'
import { type ExplorerDatabase, openExplorer } from '../explorer/open-explorer.ts'
import { createTokenVault, type TokenVault } from '../explorer/token-vault.ts'
import { createVisits } from '../explorer/visits.ts'
import { isPrivateAddress } from '../gallery/download/addresses.ts'
import { bootstrapAddress } from '../p2p/discovery/bootstrap-address.ts'
import { hostOf, netOf } from '../p2p/host/host-addresses.ts'
import { parseToken } from '../p2p/token/parse-token.ts'
import { plainTokenText } from '../p2p/token/token-text.ts'
import { deriveViewKeys, viewIdOf } from '../p2p/view/derive-view.ts'
import { isViewText, parseViewCapability } from '../p2p/view/view-capability.ts'
import type { Logger } from '../telemetry/logger.ts'
import { announceNode } from './announce-node.ts'
import { loadExplorerKey } from './explorer-key.ts'
import { versionWithCommit } from './version.ts'
import { createNetworkVisitor } from './visit-network.ts'

export interface ExplorerContext {
  readonly log: Logger
}

/** LocalAI's interval for a time-out of nothing. */
const TIMEOUT_FOR_ZERO_MS = 50_000

/** `explorer`: a public list of networks, and whoever visits them. */
export async function composeExplorer(
  settings: ExplorerSettings,
  { log }: ExplorerContext,
): Promise<Startable & AsyncDisposable> {
  const { database, vault } = await openPool(settings, log)
  const discovery = settings.withSync ? composeDiscovery(settings, { log, database, vault }) : undefined
  if (discovery === undefined) {
    log.warn({ room: 'explorer' }, 'no network is visited: give --with-sync, or run explorer --only-sync beside this')
  }
  const { store, histories } = database
  const directory = createDirectory({
    ...{ store, histories, vault, readToken },
    toAddress: (text) => checkedPlace(text, settings),
    onAdded: () => discovery?.look(),
    now: Date.now,
  })
  const api = createExplorerServer(
    {
      directory,
      discovery: () => discovery?.status(),
      now: Date.now,
      netOf,
      assets: await loadAssets(),
      log: log.child({ room: 'api' }),
    },
    {
      address: settings.address,
      version: versionWithCommit(),
      startedAtUnixMs: Date.now(),
      threshold: settings.connectionErrorThreshold,
      shutdownTimeoutMs: settings.shutdownTimeoutMs,
      trustForwardedFor: settings.trustForwardedFor,
    },
  )
  const closed: Startable = { start: async () => {}, stop: async () => database[Symbol.dispose]() }
  const ready = announceNode({ log, api, member: undefined })
  return lifecycle([closed, ...(discovery === undefined ? [] : [discovery]), api, ready])
}

/** `explorer --only-sync`: one visit to every network. */
export async function visitAllNetworks(
  settings: ExplorerSettings,
  { log }: ExplorerContext,
  options: AbortOptions = {},
): Promise<DiscoveryStatus> {
  const { database, vault } = await openPool(settings, log)
  using _open = database
  return await composeDiscovery(settings, { log, database, vault }).pass(options)
}

interface Pool {
  readonly database: ExplorerDatabase
  readonly vault: TokenVault
}

async function openPool(settings: ExplorerSettings, log: Logger): Promise<Pool> {
  const roomLog = log.child({ room: 'explorer' })
  const given = settings.poolDatabase
  const file = given.endsWith('.json') ? `${given.slice(0, -'.json'.length)}.db` : given
  const isNew = (await sizeOf(file)) === undefined
  const keyFile = settings.databaseKeyFile ?? `${file}.key`
  const key = await loadExplorerKey({ log: roomLog }, { text: settings.databaseKey, file: keyFile, mayMake: isNew })
  const vault = createTokenVault(key)
  const database = openExplorer(file, vault)
  try {
    const size = file === given ? undefined : await sizeOf(given)
    if (size !== undefined) {
      if (size > MAX_IMPORT_BYTES) throw new AppError('config.invalid', `--pool-database: ${given} is too large`)
      const taken = importInto({ database, vault }, await readFile(given, 'utf8'))
      if (taken)
        roomLog.info({ ...taken, from: given, to: file }, 'networks of a pool database of LocalAI are taken over')
    }
    return { database, vault }
  } catch (error) {
    database[Symbol.dispose]()
    throw error
  }
}

function importInto({ database: { database, store, atomically }, vault }: Pool, content: string) {
  return atomically(() => importLocalAi(content, { database, store, vault, readToken, now: Date.now }))
}

const MAX_IMPORT_BYTES = 64 * 2 ** 20

/** Undefined where there is no file, or an empty one. */
async function sizeOf(path: string): Promise<number | undefined> {
  const { size } = (await statIfThere(path)) ?? { size: 0 }
  return size === 0 ? undefined : size
}

async function statIfThere(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new AppError('config.invalid', `--pool-database: ${path} cannot be read (${code ?? String(error)})`, {
      cause: error,
    })
  }
}

function composeDiscovery(settings: ExplorerSettings, { log, database, vault }: Pool & ExplorerContext): Discovery {
  const roomLog = log.child({ room: 'explorer' })
  const { store, histories, atomically } = database
  const visit = createNetworkVisitor(
    { log: roomLog },
    {
      bootstrap: settings.p2pBootstrap,
      mdns: settings.p2pMdns,
      mayDial: (address) => settings.allowPrivateAddresses || !isPrivateAddress(hostOf(address)),
      libraryLogLevel: settings.p2pLibLogLevel,
    },
  )
  const visits = createVisits(
    { log: roomLog, store, histories, vault, visit, atomically, now: Date.now, random: Math.random },
    {
      timeoutMs: settings.connectionTimeoutMs || TIMEOUT_FOR_ZERO_MS,
      intervalMs: settings.visitIntervalMs,
      threshold: settings.connectionErrorThreshold,
    },
  )
  return createDiscovery({ log: roomLog, store, visits, now: Date.now }, { atOnce: Math.max(1, settings.visitsAtOnce) })
}

/** A view token, or the token of a network. */
const readToken: ReadToken = (text) => {
  if (isViewText(text)) {
    const capability = parseViewCapability(text)
    return { kind: 'view', id: viewIdOf(capability), text: text.trim() }
  }
  return { kind: 'full', id: viewIdOf(deriveViewKeys(parseToken(text))), text: plainTokenText(text) }
}

/** Names are looked at when they are looked up. */
function checkedPlace(text: string, { allowPrivateAddresses }: ExplorerSettings): string {
  const address = bootstrapAddress(text, 'addresses')
  const isLiteral = /^\/ip[46]\//.test(address)
  if (allowPrivateAddresses || !isLiteral || !isPrivateAddress(hostOf(address))) return address
  throw new AppError('request.invalid', 'this explorer visits public addresses only')
}
