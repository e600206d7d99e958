import type { Duplex } from 'node:stream'
import type { AbortOptions } from '../base/signals.ts'

/** What the node's set-up made of llama.cpp's source: a worker, and the plug-in that lets an engine use one. */
export interface LlamaRpc {
  /** For `GGML_BACKEND_PATH`: the devices of the workers that `LLAMA_RPC_SERVERS` names. */
  readonly plugin: string
  /** The worker. */
  readonly program: string
  readonly librariesDir: string
  /** Version and platform of the ggml in it, `3.22.1-linux-x64`: a model is split only over equal ones. */
  readonly build: string
  /** Of ggml's RPC, as HELLO tells it: `7.0.0`. */
  readonly protocol: string
}

export interface WorkerLimits {
  /** Most that its buffers may take together. */
  readonly memoryBytes: number
  readonly threads: number
}

export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last lines that it wrote, bounded. */
  readonly output: string
}

/** One worker for one user: it has the connection from birth, listens nowhere, and its memory ends with it. */
export interface WorkerProcess {
  /** ggml's RPC, client's side. */
  readonly socket: Duplex
  /** Undefined: a program that somebody else started, reached over TCP. */
  readonly pid: number | undefined
  readonly ended: Promise<WorkerEnd>
  /** How long it has computed so far, on all cores together. Undefined, or absent: this machine does not tell. */
  computedMs?(): Promise<number | undefined>
  /** Ends it at once; any number of times. Never rejects. */
  stop(): Promise<void>
}

export type StartWorkerProcess = (limits: WorkerLimits, options?: AbortOptions) => Promise<WorkerProcess>

/** What a machine computes with, as measured by the worker program. */
export interface DeviceFacts {
  /** `CPU`, or the accelerator's name. */
  readonly device: string
  readonly memoryTotalBytes: number
  readonly memoryFreeBytes: number
  /** By ggml type (`f16`, `q8_0`, `q4_K`): bytes of weights that one token's pass reads in a second. */
  readonly weightBytesPerSecond: Readonly<Record<string, number>>
}
