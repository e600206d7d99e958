import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Connection, ConnectionEncrypter, Libp2p, SecuredConnection, Stream } from '@libp2p/interface'
import { type NoiseComponents, noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { createKeyRing } from '../../../../src/p2p/admission/create-key-ring.ts'
import type { KeyRing } from '../../../../src/p2p/admission/key-ring.ts'
import { ADMISSION_PROTOCOL, type AdmissionRefusal, otpNoise } from '../../../../src/p2p/admission/otp-noise.ts'
import type { NetworkToken } from '../../../../src/p2p/token/network-token.ts'
import { poll } from '../../../support/poll.ts'

export const INTERVAL_SECONDS = 300

export type Encrypter = (components: NoiseComponents) => ConnectionEncrypter

/** A wall clock that stands still unless it is moved, in the middle of a step. */
export function heldClock(): { now: () => number; move: (steps: number) => void } {
  let unixMs = 1_700_000_100_000
  return {
    now: () => unixMs,
    move(steps) {
      unixMs += steps * INTERVAL_SECONDS * 1000
    },
  }
}

export function newToken(change: Partial<NetworkToken> = {}): NetworkToken {
  const secret = (): string => randomBytes(24).toString('base64url')
  const otp = (): NetworkToken['crypto'] => ({ key: secret(), intervalSeconds: INTERVAL_SECONDS, length: 43 })
  return {
    dht: otp(),
    crypto: otp(),
    room: secret(),
    rendezvous: secret(),
    mdns: secret(),
    maxMessageSizeBytes: 20 << 20,
    networkId: randomBytes(16).toString('hex'),
    ...change,
  }
}

/** Rings of one token for several nodes. `steps`: how far the node's clock is off. */
export function ringMaker(token = newToken(), clock = heldClock()): (steps?: number) => KeyRing {
  return (steps = 0) => createKeyRing({ now: () => clock.now() + steps * INTERVAL_SECONDS * 1000 }, token)
}

export interface TestNode extends AsyncDisposable {
  readonly libp2p: Libp2p
  readonly refusals: AdmissionRefusal[]
  /** Everything that was logged. */
  readonly logged: unknown[]
  /** Names of all events that only an admitted peer may cause. */
  readonly seen: string[]
  dial(other: TestNode): Promise<Connection>
}

export interface TestNodeInit {
  readonly keyRing?: KeyRing
  readonly timeoutMs?: number
  /** Instead of, or around, the encrypter of `keyRing`. */
  readonly encrypters?: (own: Encrypter) => Encrypter[]
  readonly listen?: readonly string[]
  readonly isRelay?: boolean
}

/** A bare libp2p node on loopback that echoes what it gets on /echo. */
export async function startNode(init: TestNodeInit = {}): Promise<TestNode> {
  const refusals: AdmissionRefusal[] = []
  const logged: unknown[] = []
  const seen: string[] = []
  const own = otpNoise({
    keyRing: init.keyRing ?? ringMaker()(),
    log: { debug: (...parts: unknown[]) => void logged.push(parts) },
    onRefused: (refusal) => refusals.push(refusal),
    ...(init.timeoutMs !== undefined && { timeoutMs: init.timeoutMs }),
  })
  const streams = { maxInboundStreams: 1024, maxOutboundStreams: 1024, runOnLimitedConnection: true }
  const libp2p = await createLibp2p({
    addresses: { listen: [...(init.listen ?? ['/ip4/127.0.0.1/tcp/0'])] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: init.encrypters?.(own) ?? [own],
    streamMuxers: [
      yamux({
        ...streams,
        maxEarlyStreams: 1024,
        streamOptions: {
          initialStreamWindowSize: 1 << 18,
          maxStreamWindowSize: 1 << 20,
          maxReadBufferLength: 4 << 20,
        },
      }),
    ],
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ protocolPrefix: 'local-ai' }),
      ...(init.isRelay === true && {
        relay: circuitRelayServer({ reservations: { defaultDurationLimit: 600_000, defaultDataLimit: 1n << 24n } }),
      }),
    },
  })
  await libp2p.handle(
    '/echo',
    (stream) => {
      seen.push('stream')
      stream.addEventListener('message', (event) => stream.send(event.data))
      stream.addEventListener('end', () => void stream.close().catch(() => {}))
    },
    streams,
  )
  for (const name of ['connection:open', 'peer:connect', 'peer:identify'] as const) {
    libp2p.addEventListener(name, () => seen.push(name))
  }
  return {
    libp2p,
    refusals,
    logged,
    seen,
    async dial(other) {
      const [address] = other.libp2p.getMultiaddrs()
      assert.ok(address)
      return await libp2p.dial(address, { signal: AbortSignal.timeout(20_000) })
    },
    async [Symbol.asyncDispose]() {
      await libp2p.stop()
    },
  }
}

/** Waits until it holds; fails after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  await poll(what, 10_000, condition)
}

/** Sends a text and resolves with what comes back. */
export function echo(stream: Stream, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    stream.addEventListener('message', (event) => {
      got += Buffer.from(event.data.subarray()).toString()
      if (got.length >= text.length) resolve(got)
    })
    stream.addEventListener('close', (event) => reject(event.error ?? new Error('closed')))
    stream.send(Buffer.from(text))
  })
}

type Play = (frames: LengthPrefixedStream, secured: SecuredConnection, signal: AbortSignal) => Promise<unknown>

/** A peer that does Noise and negotiation as we do, and then what the test says in place of the proofs. */
export function impostor(play: Play): Encrypter {
  return (components) => {
    const inner = noise()(components)
    async function secure(pending: Promise<SecuredConnection>): Promise<SecuredConnection> {
      const secured = await pending
      const frames = lpStream(secured.connection)
      await play(frames, secured, AbortSignal.timeout(10_000))
      frames.unwrap()
      return secured
    }
    return {
      protocol: ADMISSION_PROTOCOL,
      secureInbound: (connection, options) => secure(inner.secureInbound(connection, options)),
      secureOutbound: (connection, options) => secure(inner.secureOutbound(connection, options)),
    }
  }
}
