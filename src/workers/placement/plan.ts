/** A machine as the planner sees it. */
export interface Machine {
  /** The peer's id; an address that was given by hand is its own. */
  readonly id: string
  readonly name: string
  /** That the model may take there. */
  readonly memoryBytes: number
  /** By ggml type: bytes of weights that one token's pass reads in a second. Empty: nobody has measured. */
  readonly weightBytesPerSecond: Readonly<Record<string, number>>
  /** 0 for this machine. */
  readonly roundTripMs: number
}

/** A node that could serve the whole model alone. */
export interface SingleNode {
  readonly name: string
  /** Measured there, or worked out from what it measured of its memory. */
  readonly tokensPerSecond: number
  /** Has the model already. */
  readonly hasModel: boolean
}

export type SplitMode = 'auto' | 'off' | 'force'

export interface WorkerPin {
  /** A worker's name, its peer id, or an address that was given by hand. */
  readonly worker: string
  /** Exactly so many; absent: as many as the plan finds right. */
  readonly layers?: number
}

/** What the owner of the node, the model's config or a request says about it. */
export interface PlanWishes {
  /** `auto`: only when this machine is too small; `off`: never; `force`: also when it need not be. */
  readonly split: SplitMode
  /** Only these workers, in this order. */
  readonly pins?: readonly WorkerPin[]
  /** Layers that leave this machine, the output counted as one; absent: as the plan finds right. */
  readonly layersAway?: number
  /** Parts of what leaves this machine, one for each worker. */
  readonly proportions?: readonly number[]
}

export interface PlannedMachine {
  readonly id: string
  readonly name: string
  readonly layers: number
  /** It makes the last step, too: from the state to the vocabulary. */
  readonly hasOutput: boolean
  /** Of the weights alone. */
  readonly weightBytes: number
  /** With the cache of keys and values and room to compute. */
  readonly memoryBytes: number
  readonly memoryAvailableBytes: number
  readonly roundTripMs: number
  /** Of one token's pass, the way there included. */
  readonly secondsPerToken: number
}

/** Where a model's layers go, and what is expected of it. */
export interface Plan {
  readonly model: string
  /** `here`: on this machine alone; `refused`: not to be loaded like this. */
  readonly verdict: 'here' | 'split' | 'refused'
  /** This machine, then the workers in the order of their layers. Empty when refused for want of memory. */
  readonly machines: readonly PlannedMachine[]
  readonly layerCount: number
  readonly contextSize: number
  readonly sequences: number
  /** Of one answer at a time. */
  readonly tokensPerSecond: number
  /** False where a speed had to be assumed, since no machine has measured it. */
  readonly measuredSpeeds: boolean
  /** What was decided and why, in sentences with figures; of a refusal, what to do. */
  readonly why: readonly string[]
}
