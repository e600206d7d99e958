import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { coalescing } from '../../../../src/p2p/admission/coalescing.ts'
import { createKeyRing } from '../../../../src/p2p/admission/create-key-ring.ts'
import { otpNoise } from '../../../../src/p2p/admission/otp-noise.ts'
import type { Candidate } from '../../../../src/p2p/discovery/candidate.ts'
import { createFindings, type Findings } from '../../../../src/p2p/findings.ts'
import { createHost, type Host, type HostInit } from '../../../../src/p2p/host.ts'
import { encodeFrame } from '../../../../src/p2p/membership/frames.ts'
import { encodeMessage, type LinkMessage } from '../../../../src/p2p/membership/link-message.ts'
import { LINK_PROTOCOL } from '../../../../src/p2p/membership/link-opener.ts'
import { createMembership, type Membership, type MembershipTimings } from '../../../../src/p2p/membership/membership.ts'
import type { NodeRecord } from '../../../../src/p2p/membership/node-record.ts'
import { sealRecord } from '../../../../src/p2p/membership/record-codec.ts'
import type { PeerView } from '../../../../src/p2p/network.ts'
import { NO_ROSTER } from '../../../../src/p2p/roster/create-roster-keeper.ts'
import { LOOPBACK, silentLog, testToken } from '../../../support/p2p/hosts.ts'
import { recordOf } from './records.ts'

export interface LogLine {
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** A member without discovery: it is told whom to dial. */
export interface BareMember extends AsyncDisposable {
  readonly host: Host
  readonly privateKey: PrivateKey
  readonly membership: Membership
  readonly findings: Findings
  /** Warnings. */
  readonly warnings: readonly LogLine[]
  /** Whom it would have dialled. */
  readonly candidates: readonly Candidate[]
  view(of: { readonly host: Host }): PeerView | undefined
  dial(other: { readonly host: Host }): Promise<void>
  /** All connections break, and nobody says goodbye. */
  crash(): Promise<void>
}

export interface BareMemberInit {
  readonly privateKey?: PrivateKey
  readonly timings?: Partial<MembershipTimings>
  readonly maxLinks?: number
  readonly now?: () => number
  readonly host?: HostInit
  /** Default: everybody may be here. */
  readonly roster?: typeof NO_ROSTER
}

async function startHost(privateKey: PrivateKey, init: HostInit = {}): Promise<Host> {
  const keyRing = createKeyRing({ now: Date.now }, testToken('members'))
  const encrypter = coalescing(otpNoise({ keyRing, log: silentLog }))
  const host = createHost(
    { log: silentLog, findings: createFindings({}), encrypter, privateKey },
    { listen: LOOPBACK, relay: 'off', dht: false, ...init },
  )
  await host.start()
  return host
}

export async function startBareMember(init: BareMemberInit = {}): Promise<BareMember> {
  const privateKey = init.privateKey ?? (await generateKeyPair('Ed25519'))
  const host = await startHost(privateKey, init.host)
  const warnings: LogLine[] = []
  const candidates: Candidate[] = []
  const findings = createFindings({})
  const warn = (facts: Record<string, unknown>, message: string): void => void warnings.push({ message, facts })
  const membership = createMembership(
    {
      log: { ...silentLog, warn: warn as typeof silentLog.warn },
      privateKey,
      findings,
      libp2p: () => host.libp2p,
      addresses: host.addresses,
      onCandidate: (candidate) => void candidates.push(candidate),
      roster: init.roster ?? NO_ROSTER,
      ...(init.now === undefined ? {} : { now: init.now }),
    },
    {
      name: 'bare',
      version: 'test',
      maxClockDifferenceMs: 5 * 3600_000,
      ...(init.timings === undefined ? {} : { timings: init.timings }),
      ...(init.maxLinks === undefined ? {} : { maxLinks: init.maxLinks }),
    },
  )
  await membership.start()
  return {
    ...{ host, privateKey, membership, findings, warnings, candidates },
    view: (of) => membership.peers().find(({ record }) => record.peerId === of.host.peerId),
    async dial(other) {
      await host.libp2p.dial(multiaddr(other.host.addresses()[0] ?? ''))
    },
    async crash() {
      for (const connection of host.libp2p.getConnections()) connection.abort(new Error('killed'))
      await host.libp2p.stop()
    },
    async [Symbol.asyncDispose]() {
      await membership.stop()
      await host.stop()
    },
  }
}

/** A member whose every byte a test decides. */
export interface Puppet extends AsyncDisposable {
  readonly host: Host
  readonly privateKey: PrivateKey
  /** The newest link. */
  readonly stream: Stream
  send(message: LinkMessage): void
  /** Opens another link, on which it says nothing yet, and ends the one before. */
  moveOn(): Promise<void>
  /** A hello and a record of its own. */
  introduce(more?: Partial<NodeRecord>): Promise<void>
  raw(type: number, payload: Uint8Array): void
}

export async function startPuppet(
  target: { readonly host: Pick<Host, 'addresses'> },
  privateKey?: PrivateKey,
): Promise<Puppet> {
  const key = privateKey ?? (await generateKeyPair('Ed25519'))
  const host = await startHost(key)
  // Should the member open the link, it would find nobody listening.
  const connection = await host.libp2p.dial(multiaddr(target.host.addresses()[0] ?? ''))
  const openLink = async () => {
    const link = await connection.newStream(LINK_PROTOCOL)
    link.addEventListener('message', () => {})
    return link
  }
  let stream = await openLink()
  const send = (message: LinkMessage): void => void stream.send(encodeMessage(message))
  return {
    ...{ host, privateKey: key, send },
    get stream() {
      return stream
    },
    async moveOn() {
      const before = stream
      stream = await openLink()
      await before.close()
    },
    async introduce(more) {
      send({ type: 'hello', version: 1, software: 'puppet' })
      const { bytes } = await sealRecord(recordOf(host.peerId, { incarnation: 10, ...more }), key)
      send({ type: 'record', bytes })
    },
    raw: (type, payload) => void stream.send(encodeFrame({ type, payload })),
    [Symbol.asyncDispose]: host.stop,
  }
}
