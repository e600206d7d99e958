import type { Duplex } from 'node:stream'
import type { AbortOptions } from '../base/signals.ts'
import type { LentMemory } from '../p2p/membership/node-record.ts'
import type { StreamEvents } from './worker-stream.ts'

/** A machine that lends memory, as this node sees it now. */
export interface WorkerView extends LentMemory {
  readonly peerId: string
  readonly name: string
  /** The lowest of the last round trips; 0 on this very machine's own loopback, undefined before the first. */
  readonly roundTripMs: number | undefined
  readonly path: 'direct' | 'relayed'
  /** Set where a model cannot be given to it, with the reason in a sentence: other build, not allowed. */
  readonly unusable?: string
  /** What this node has there now. Absent: nothing. */
  readonly use?: WorkerUse
}

/** A part of a model of this node on a worker. */
export interface WorkerUse {
  readonly model: string
  readonly memoryBytes: number
  readonly layers?: number
  readonly sinceUnixMs: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly roundTrips: number
  /** Weights that the worker has been given, and those of them that it had already. */
  readonly weightBytes: number
  readonly cachedWeightBytes: number
}

export interface LeaseRequest {
  readonly model: string
  readonly memoryBytes: number
  /** How long to stand in the worker's queue; 0: not at all. */
  readonly waitMs: number
  /** How many of the model's layers go there: for whoever looks. */
  readonly layers?: number
}

/** A worker that serves this node alone until it is given back. */
export interface WorkerLease extends AsyncDisposable {
  readonly peerId: string
  readonly name: string
  /** To the worker's guard. */
  readonly stream: Duplex
  /** Settles when the worker is gone, or was given back. Never rejects. */
  readonly over: Promise<void>
  /** The other end is a guard that takes weights by hash; without it, only ggml's own protocol is spoken there. */
  readonly takesHashes: boolean
  /** To be told of what moves on the stream. */
  readonly events: StreamEvents
}

/** The machines of the network that lend memory to this node, and the addresses given by hand. */
export interface WorkerPool {
  list(): readonly WorkerView[]
  /** Throws `worker.busy`, `worker.refused`, `worker.mismatch`, `peer.unreachable` or the signal's reason. */
  lease(peerId: string, request: LeaseRequest, options?: AbortOptions): Promise<WorkerLease>
}
