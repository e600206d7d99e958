import type { Duplex } from 'node:stream'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { NodeLoad, NodeOffer, NodeRecord } from './membership/node-record.ts'

/**
 * `linked`: a link is open and the peer is heard on it. `silent`: nothing was heard for longer than a heartbeat may take,
 * or the link broke; no request goes there. After a while `silent` is forgotten.
 */
export type PeerState = 'linked' | 'silent'

/** A peer as this node sees it now. Immutable: a change makes a new view. */
export interface PeerView {
  readonly record: NodeRecord
  readonly load: NodeLoad
  readonly state: PeerState
  /** `relayed`: through another member (circuit relay v2). */
  readonly path: 'direct' | 'relayed'
  /** The lowest of the last round trips; undefined until the first came back. */
  readonly roundTripMs: number | undefined
  /** This node's wall clock, when the peer was last heard. For people; decisions use the monotonic clock. */
  readonly lastSeenUnixMs: number
}

/** Why an address or a peer could not be reached; the words of `local-ai p2p doctor`. */
export type JoinProblem =
  | 'token-differs'
  | 'clock-differs'
  | 'removed'
  | 'not-admitted'
  | 'port-in-use'
  | 'unreachable'
  | 'refused'
  | 'relay-needed'
  | 'not-local-ai'
  | 'version-differs'
  | 'no-address'

export interface JoinFinding {
  readonly problem: JoinProblem
  /** One sentence for a person, with what to do next. Never holds a key. */
  readonly message: string
  readonly address?: string
  readonly at: number
}

export interface NetworkStatus {
  readonly peerId: string
  readonly name: string
  readonly networkId: string
  /** Where others can dial this node. */
  readonly addresses: readonly string[]
  readonly linked: number
  /** What went wrong lately while joining, newest first, bounded. */
  readonly findings: readonly JoinFinding[]
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** This node's place in the private network of its token. `createNetwork` assembles it. */
export interface Network extends Startable {
  readonly peerId: string
  readonly name: string
  /** What the node can do; told to everyone when it differs from what was told last. Any time, also before `start`. */
  advertise(offer: NodeOffer): void
  /** How busy it is; goes out with the next heartbeat. */
  reportLoad(load: NodeLoad): void
  /** Everyone but this node. The same array until something changed. */
  peers(): readonly PeerView[]
  /** Called after every change of `peers()`; gives the function that ends it. */
  onChange(listener: () => void): () => void
  /**
   * A byte stream to the HTTP face that the peer shows to members, opened in advance where possible.
   * Throws `peer.unreachable`.
   */
  openSocket(peerId: string, options?: AbortOptions): Promise<Duplex>
  status(): NetworkStatus
}

/** What the network hands to the node: a member's connection to be served as HTTP, with the member's peer id. */
export type AcceptSocket = (socket: Duplex, peerId: string) => void
