import { join } from 'node:path'
import type { AbortOptions } from '../base/signals.ts'
import type { JoinSettings } from '../config/network-settings.ts'
import { createKeyRing, createRendezvousRing } from '../p2p/admission/create-key-ring.ts'
import { createNetwork } from '../p2p/create-network.ts'
import { loadIdentity, temporaryKey } from '../p2p/identity/node-identity.ts'
import { checkNodeName, defaultNodeName } from '../p2p/identity/node-name.ts'
import type { AcceptSocket, Network } from '../p2p/network.ts'
import type { RosterKeeper } from '../p2p/roster/create-roster-keeper.ts'
import { loadRosterKeeper } from '../p2p/roster/load-roster-keeper.ts'
import { networkIdOf } from '../p2p/token/network-id.ts'
import type { NetworkToken } from '../p2p/token/network-token.ts'
import { type ResolvedToken, readExistingToken, resolveToken } from '../p2p/token/resolve-token.ts'
import { deriveViewKeys, summaryKey } from '../p2p/view/derive-view.ts'
import type { Logger } from '../telemetry/logger.ts'
import { makeFolder } from './make-folder.ts'
import { memberFolder, tokenInit } from './network-token.ts'
import { rememberedPort, rememberPort } from './remembered-port.ts'
import { version } from './version.ts'

/** This machine's membership: who it is, in which network. Holds the data folder until disposed. */
export interface Member extends AsyncDisposable {
  readonly network: Network
  readonly token: ResolvedToken
  /** Who may be in it. */
  readonly roster: RosterKeeper
  /** Whether it answers those who have the view token. */
  readonly publicSummary: boolean
}

export interface MemberDeps {
  readonly log: Logger
  readonly accept: AcceptSocket
  /** Whether a network may be founded when there is no token. Default: yes. */
  readonly mayFound?: boolean
}

/** Takes the node's identity and the network's token; the network itself starts later, with the other parts. */
export async function prepareMember(
  deps: MemberDeps,
  settings: JoinSettings,
  options: AbortOptions = {},
): Promise<Member> {
  const log = deps.log.child({ room: 'p2p' })
  // Set and not given as an option: pino lets a child with the level of its parent follow it.
  log.level = settings.p2pLogLevel
  const folder = memberFolder(settings)
  const name = checkNodeName(settings.nodeName ?? defaultNodeName())
  await makeFolder(settings.dataPath, '--data-path')
  await using held = new AsyncDisposableStack()
  const identity = held.use(await loadIdentity({ log }, { folder }, options))
  const token = await resolveToken(
    { log, stdin: process.stdin },
    { ...tokenInit(settings), mayFound: deps.mayFound ?? true },
    options,
  )
  const { privateKey, peerId } = identity
  const roster = await loadRosterKeeper({ log }, { folder, token: token.token, self: peerId })
  const portFile = join(folder, 'port')
  let port = 0
  const network = createNetwork(
    {
      log,
      accept: deps.accept,
      ...{ privateKey, roster },
      ...keyRings(token.token),
      view: settings.p2pPublicSummary ? viewKeys(token.token) : undefined,
    },
    {
      ...networkInit(settings),
      ...{ name, networkId: networkIdOf(token.token), publicName: settings.p2pPublicName },
      get port() {
        return port
      },
    },
  )
  const kept = held.move()
  return {
    token,
    roster,
    publicSummary: settings.p2pPublicSummary,
    network: {
      ...network,
      async start(options) {
        // Chosen now: while models were fetched, another program may have taken what was free.
        port = await rememberedPort(portFile)
        await network.start(options)
        await rememberPort(portFile, port)
      },
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/**
 * A member for a moment: an identity that nobody has seen before, nothing kept, no port remembered. For looking at the
 * network from a machine whose node may be running or not.
 */
export async function prepareVisitor(
  deps: { readonly log: Logger },
  settings: JoinSettings,
  options: AbortOptions = {},
): Promise<{ readonly network: Network; readonly networkId: string }> {
  const log = deps.log.child({ room: 'p2p' }, { level: 'silent' })
  const { token } = await readExistingToken({ log, stdin: process.stdin }, tokenInit(settings), options)
  const networkId = networkIdOf(token)
  const network = createNetwork(
    {
      log,
      accept: (socket) => socket.destroy(),
      privateKey: await temporaryKey(),
      ...keyRings(token),
    },
    { ...networkInit(settings), listen: [], announce: [], name: 'doctor', networkId, port: 0 },
  )
  return { network, networkId }
}

function keyRings(token: NetworkToken) {
  const clock = { now: Date.now }
  return { keyRing: createKeyRing(clock, token), rendezvousRing: createRendezvousRing(clock, token) }
}

function viewKeys(token: NetworkToken) {
  return { secret: deriveViewKeys(token).secret, key: summaryKey(token) }
}

/** What the settings say of finding and being found. */
function networkInit(settings: JoinSettings) {
  return {
    bootstrap: settings.p2pBootstrap,
    listen: settings.p2pListen,
    announce: settings.p2pAnnounce,
    mdns: settings.p2pMdns,
    dht: !settings.p2pDisableDht,
    relay: settings.p2pRelay,
    limits: settings.p2pEnableLimits,
    libraryLogLevel: settings.p2pLibLogLevel,
    version: version(),
  }
}
