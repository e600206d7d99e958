import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Startable } from '../../../src/base/lifecycle.ts'
import { coalescing } from '../../../src/p2p/admission/coalescing.ts'
import { createKeyRing, createRendezvousRing } from '../../../src/p2p/admission/create-key-ring.ts'
import type { KeyRing } from '../../../src/p2p/admission/key-ring.ts'
import { otpNoise } from '../../../src/p2p/admission/otp-noise.ts'
import { createDialler, type Dialler } from '../../../src/p2p/discovery/dialler.ts'
import { createFindings } from '../../../src/p2p/findings.ts'
import { createHost, type Host, type HostInit } from '../../../src/p2p/host.ts'
import type { NetworkToken } from '../../../src/p2p/token/network-token.ts'
import { poll } from '../poll.ts'

/** A token whose keys are the given word: equal words make one network. */
export function testToken(word: string): NetworkToken {
  const key = word.padEnd(43, 'x')
  return {
    dht: { key: `dht-${key}`, intervalSeconds: 360, length: 43 },
    crypto: { key: `crypto-${key}`, intervalSeconds: 9000, length: 43 },
    room: `room-${key}`,
    rendezvous: `rendezvous-${key}`,
    mdns: `mdns-${key}`,
    maxMessageSizeBytes: 1 << 20,
  }
}

export const silentLog = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

export interface TestNode extends AsyncDisposable {
  readonly host: Host
  readonly dialler: Dialler
  readonly keyRing: KeyRing
  readonly rendezvousRing: KeyRing
  /** The clock of the key rings. */
  readonly now: () => number
  /** Runs until the node stops. */
  with(part: Startable): Promise<void>
  stop(): Promise<void>
}

export interface TestNodeInit extends HostInit {
  readonly word?: string
  /** Unix milliseconds, for the key rings. */
  readonly now?: () => number
}

export const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/** A started node on loopback: the admission of the product, a host and a dialler. */
export async function startNode({ word = 'one', now = Date.now, ...init }: TestNodeInit = {}): Promise<TestNode> {
  const token = testToken(word)
  const keyRing = createKeyRing({ now }, token)
  const host = createHost(
    {
      log: silentLog,
      findings: createFindings({}),
      encrypter: coalescing(otpNoise({ keyRing, log: silentLog })),
      privateKey: await generateKeyPair('Ed25519'),
    },
    { listen: LOOPBACK, relay: 'off', dhtAfterMs: 50, ...init },
  )
  await host.start()
  const dialler = createDialler({ log: silentLog, host })
  await dialler.start()
  const parts: Startable[] = [host, dialler]
  async function stop(): Promise<void> {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part.stop()
  }
  return {
    host,
    dialler,
    keyRing,
    now,
    rendezvousRing: createRendezvousRing({ now }, token),
    async with(part) {
      parts.push(part)
      await part.start()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Resolves with the milliseconds that it took until the condition held; rejects when it does not in time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<number> {
  const start = performance.now()
  await poll(String(condition), timeoutMs, condition)
  return performance.now() - start
}

export function isConnected(one: Host, other: Host | string): boolean {
  const id = typeof other === 'string' ? other : other.peerId
  return one.libp2p.getPeers().some((peer) => peer.toString() === id)
}

/** A TCP port of loopback that is free now. */
export function portOf(host: Host): number {
  return Number(/\/tcp\/(\d+)/.exec(host.addresses()[0] ?? '')?.[1])
}
