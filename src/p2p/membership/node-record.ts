/** What a node can do, and how fast; `membership/record-schema.ts` bounds every field of it. */
export interface ModelAdvert {
  readonly name: string
  /** In memory right now. */
  readonly loaded: boolean
  /** `chat`, `completion`, `embeddings`, `rerank`, … : the use cases of `models/model-config.ts`. */
  readonly capabilities: readonly string[]
  readonly contextSize?: number
  readonly fileSizeBytes?: number
  /** SHA-256 of the model's file, hex: equal hashes give equal answers. */
  readonly fileHash?: string
  /**
   * Hex digest of all that decides what the model answers: file, engine, template, settings. Nodes with equal ones can
   * finish each other's answers. Absent while the file's hash is not known.
   */
  readonly likeness?: string
  /** Unix seconds, as `/v1/models` shows it. */
  readonly created?: number
  readonly description?: string
  /** Name of the server behind the node that has it; absent: the node runs it itself. */
  readonly upstream?: string
  /** Measured on this node; absent until there is a measurement. */
  readonly promptTokensPerSecond?: number
  readonly generationTokensPerSecond?: number
}

/** Memory and compute that a node lends to models of others (llama.cpp's RPC, behind `workers/`). */
export interface LentMemory {
  /** Of ggml's RPC: `7.0.0`. */
  readonly protocol: string
  /** Version and platform of its ggml, `3.22.1-linux-x64`: a model is split only over equal ones. */
  readonly build: string
  /** `CPU`, or the accelerator's name. */
  readonly device: string
  /** Most that the next user can have. */
  readonly memoryBytes: number
  /** Has a user, and serves the next one after it. */
  readonly busy: boolean
  /** Users that wait. */
  readonly waiting: number
  /** By ggml type (`f16`, `q8_0`): bytes of weights that one token's pass reads in a second, as measured. */
  readonly weightBytesPerSecond: Readonly<Record<string, number>>
}

/** What a node tells of itself, apart from where it is: changes seldom, and every change is told to all. */
export interface NodeOffer {
  readonly version: string
  /** LocalAI's grouping label (`--p2p-network-id`): nodes serve only for nodes of the same group. '' is a group too. */
  readonly group: string
  /** Takes requests of others. False for an entry (`local-ai federated`) and for `run --p2p` without `--federated`. */
  readonly serves: boolean
  readonly models: readonly ModelAdvert[]
  readonly backends: readonly string[]
  /** Answers that can be generated at the same time before requests wait. */
  readonly slots: number
  readonly memoryTotalBytes: number
  /** `cpu`, or the accelerator's name. */
  readonly device: string
  /** Finishes what runs, takes nothing new. */
  readonly draining: boolean
  /** Absent: it lends nothing. */
  readonly lends?: LentMemory
  /** Answers those who hold the network's view capability (`view/`). Absent: it does not. */
  readonly viewable?: boolean
}

/** Changes all the time; told to linked peers in every heartbeat while there is any. */
export interface NodeLoad {
  readonly running: number
  readonly queued: number
  readonly memoryFreeBytes: number
  /**
   * Hashes of beginnings of prompts that the node has computed lately (`federation/prefix/chain.ts`), at most 256. Another
   * array says something else; absent: nothing.
   */
  readonly prefixes?: readonly number[]
}

export function isIdle({ running, queued }: NodeLoad): boolean {
  return running === 0 && queued === 0
}

/** A node's own words, as its key signs them. */
export interface NodeRecord {
  readonly peerId: string
  readonly name: string
  /** Unix milliseconds of the node's start; a restart is a greater one. */
  readonly incarnation: number
  /** Grows with every record of an incarnation. */
  readonly sequence: number
  /** Multiaddresses where the node can be dialled. */
  readonly addresses: readonly string[]
  readonly offer: NodeOffer
  /** The goodbye: the node is leaving, and nothing older may bring it back. */
  readonly leaving: boolean
}
