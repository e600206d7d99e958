import type { Duplex } from 'node:stream'
import type { AbortOptions } from '../base/signals.ts'

/** Why a stream of RPC has ended; `refused`: what came was not allowed, and the worker has not seen it. */
export type StreamEnd =
  | { readonly type: 'client-left' }
  | { readonly type: 'worker-left' }
  | { readonly type: 'refused'; readonly reason: string }

export interface GuardLimits {
  /** Most that the buffers of the stream may take together. */
  readonly memoryBytes: number
  /** No byte for so long in the middle of a message, or no first message: the stream ends. */
  readonly stallTimeoutMs: number
}

/** Computing may take minutes, so that no time alone tells whether a worker still does something. */
export interface WorkerWatch {
  /** Between two questions, while the worker owes an answer, or does not take what is sent, and not a byte moves. */
  readonly everyMs: number
  /** False: the worker is lost. Never rejects. */
  readonly isAtWork: () => Promise<boolean>
}

/** For telemetry; called often, so they only count. */
export interface StreamEvents {
  /** Bytes on the stream between the nodes. */
  moved?(direction: 'in' | 'out', bytes: number): void
  /** A call that has its answer. */
  roundTrip?(): void
  /** Weights that arrived, and those of them that needed no transfer. */
  weights?(fact: { readonly bytes: number; readonly cached: boolean }): void
  /** On the user's side: the engine has gone first, or is not wanted any more. What closes now is no loss. */
  userLeft?(): void
}

/** Where a piece belongs, as the engine named it. */
export interface PiecePlace {
  /** Of the tensor; ggml keeps 63 bytes of it. */
  readonly tensor: string
  /** Bytes in the tensor. */
  readonly offset: number
  readonly length: number
}

/** A piece from somewhere else, by its SHA-256 in hex; undefined: nobody has it. */
export type FetchWeights = (hash: string, place: PiecePlace, options: AbortOptions) => Promise<Buffer | undefined>

/** Pieces of weights by the SHA-256 of their bytes, on disk, bounded in size. A piece has at most 4 MiB. */
export interface WeightStore {
  /** Undefined: not there. What is there has been checked. */
  get(hash: string, options?: AbortOptions): Promise<Buffer | undefined>
  has(hash: string, options?: AbortOptions): Promise<boolean>
  /** Keeps it if it is what the hash says and there is room (the least used go); a full disk is no failure. */
  put(hash: string, bytes: Uint8Array, options?: AbortOptions): Promise<void>
  sizes(): { readonly bytes: number; readonly pieces: number }
}

/**
 * Between a user's stream and a worker: reads every message of the user, lets through what is known, has sane sizes and
 * stays inside the buffers of this very stream, and ends the stream at anything else, before the worker sees a byte of
 * it. Resolves when the stream is over, or rejects with the signal's reason; both ends are destroyed then.
 */
export type GuardWorker = (
  ends: { readonly client: Duplex; readonly worker: Duplex },
  options: AbortOptions & {
    readonly limits: GuardLimits
    readonly weights?: WeightStore | undefined
    /** Where a piece may be had that neither the store nor, so far, the user has sent; undefined: nowhere. */
    readonly fetchWeights?: FetchWeights
    readonly events?: StreamEvents
    /** Absent: the worker may take as long as it likes for an answer. */
    readonly workerWatch?: WorkerWatch
  },
) => Promise<StreamEnd>

/**
 * The user's side: between an engine (its RPC as it comes) and the stream to a worker's guard, to which it offers weights
 * by hash before it sends them. Resolves when either end is over, or rejects with the signal's reason; both are destroyed then.
 */
export type CarryEngine = (
  ends: { readonly engine: Duplex; readonly stream: Duplex },
  options: AbortOptions & { readonly events?: StreamEvents },
) => Promise<StreamEnd>
