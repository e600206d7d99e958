/** How far a node is trusted with new requests, by what it did with the last ones. */
export interface NodeHealth {
  /** Changes only with what was told to it and with time; cheap: asked for every candidate of every request. */
  standingOf(peerId: string): Standing
  /** Whether an ejected node should get one request now, to see whether it is well again. */
  probeDue(peerId: string): boolean
  /** A request goes to the node: when a probe was due, this is it. */
  booked(peerId: string): void
  /** The nodes that can be asked now. Who was not among them for a while begins anew, with a small share. */
  present(peerIds: ReadonlySet<string>): void
}

export interface Standing {
  /** Gets nothing but probes for a while. */
  readonly ejected: boolean
  /** 0 < share <= 1: of the requests that it would get otherwise. Less than 1 for a newcomer and for one that comes back. */
  readonly share: number
}

export const TRUSTED: Standing = { ejected: false, share: 1 }
