import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createLibp2p } from 'libp2p'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Findings } from './findings.ts'
import { announcedAddresses, checkedAddress, listenAddresses } from './host/host-addresses.ts'
import { type EncrypterFactory, type HostServices, libp2pOptions } from './host/libp2p-options.ts'
import { type LibraryLogLevel, libraryLog } from './host/library-log.ts'
import { createRelaySeats, type RelayMode } from './host/relay-seats.ts'
import { type ByteCount, watchedEncrypter } from './host/watched-encrypter.ts'

export interface HostDeps {
  readonly log: Pick<Logger, 'debug' | 'trace'>
  readonly findings: Findings
  /** Admits members and nobody else. */
  readonly encrypter: EncrypterFactory
  /** Answers those who only look; admits nobody. */
  readonly viewEncrypter?: EncrypterFactory | undefined
  readonly privateKey: PrivateKey
}

export interface HostInit {
  /** Multiaddresses (`--p2p-listen`); empty: every interface, at `port`. */
  readonly listen?: readonly string[]
  /** 0: a free one. */
  readonly port?: number
  /** Told to others in place of what the node sees of itself (`--p2p-announce`): behind NAT, in a container. */
  readonly announce?: readonly string[]
  /** `LOCALAI_P2P_ENABLE_LIMITS`: at most 100 connections and 16 relayed members, instead of 1024 and 128. */
  readonly limits?: boolean
  readonly relay?: RelayMode
  readonly dht?: boolean
  /** `LOCALAI_P2P_LIB_LOGLEVEL`. */
  readonly libraryLogLevel?: LibraryLogLevel
  readonly version?: string
  /** When the DHT is first asked, after the start. */
  readonly dhtAfterMs?: number
  /** How long others keep a rendezvous record of this node. */
  readonly providerValidityMs?: number
}

/** This node in libp2p: the one place where the library is set up. */
export interface Host extends Startable {
  readonly peerId: string
  /** Throws before `start` and after `stop`. */
  readonly libp2p: Libp2p<HostServices>
  readonly findings: Findings
  /** Where others can dial this node, with its peer id; direct ones first, at most ten. */
  addresses(): readonly string[]
  /** On the wire, from the end of each handshake on. */
  bytes(): Readonly<ByteCount>
}

/** `start` throws `config.invalid` when an address is malformed or its port is taken. */
export function createHost(deps: HostDeps, init: HostInit = {}): Host {
  const { log, findings, privateKey } = deps
  const relay = init.relay ?? 'auto'
  const bytes: ByteCount = { sent: 0, received: 0 }
  let running: { readonly libp2p: Libp2p<HostServices>; readonly seats: Startable } | undefined

  async function start(): Promise<void> {
    const listen = listenAddresses({ listen: init.listen ?? [], port: init.port ?? 0 })
    const announce = (init.announce ?? []).map((text) => checkedAddress(text, '--p2p-announce'))
    const libp2p = await createLibp2p<HostServices>(
      libp2pOptions({
        privateKey,
        listen,
        announce,
        relay,
        encrypter: watchedEncrypter(deps.encrypter, { bytes, onFailure: findings.report, onSuccess: findings.settle }),
        viewEncrypter: deps.viewEncrypter,
        logger: libraryLog(log, init.libraryLogLevel ?? 'fatal'),
        dht: init.dht ?? true,
        limits: init.limits ?? false,
        userAgent: `local-ai/${init.version ?? '0'}`,
        dhtAfterMs: init.dhtAfterMs ?? 8_000,
        providerValidityMs: init.providerValidityMs ?? 60 * 60_000,
      }),
    )
    try {
      await libp2p.start()
    } catch (error) {
      const address = listen.join(', ')
      findings.report(error, address)
      throw listenError(error, address)
    }
    // Whoever says where it can be dialled is believed.
    const mode = relay === 'auto' && announce.length > 0 ? 'off' : relay
    const seats = createRelaySeats({ log, libp2p, listen: (more) => libp2p.services.listener.listen(more) }, mode)
    running = { libp2p, seats }
    await seats.start()
  }

  return {
    peerId: peerIdFromPrivateKey(privateKey).toString(),
    findings,
    get libp2p() {
      if (running === undefined) throw new AppError('internal', 'the host is not running')
      return running.libp2p
    },
    addresses: () => announcedAddresses(running?.libp2p.getMultiaddrs().map(String) ?? []),
    bytes: () => bytes,
    start,
    async stop() {
      const stopping = running
      running = undefined
      await stopping?.seats.stop()
      await stopping?.libp2p.stop()
    },
  }
}

function listenError(error: unknown, address: string): AppError {
  const text = error instanceof Error ? error.message : String(error)
  const reason = /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES)\b/.exec(text)?.[1]
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken by another program',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this user may not listen there',
  }
  if (reason === undefined)
    return new AppError('config.invalid', `--p2p-listen: cannot listen on ${address}`, { cause: error })
  return new AppError('config.invalid', `--p2p-listen: cannot listen on ${address}: ${why[reason]}`, { cause: error })
}
