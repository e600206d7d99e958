/** How far a node is trusted with new requests, by what it did with the last ones. */
export interface NodeHealth {
  /** Changes only with what was told to it and with time; cheap: asked for every candidate of every request. */
  standingOf(peerId: string): Standing
}

export interface Standing {
  /** Gets nothing but probes for a while. */
  readonly ejected: boolean
  /** 0 < share <= 1: of the requests that it would get otherwise. Less than 1 for a newcomer and for one that comes back. */
  readonly share: number
}

export const TRUSTED: Standing = { ejected: false, share: 1 }
