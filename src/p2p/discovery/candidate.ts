/** Somebody who may be a member, and where: a hint, believed only as far as dialling goes. */
export interface Candidate {
  /** Absent when only the place is known (`--p2p-bootstrap host:port`). */
  readonly peerId?: string
  /** Multiaddresses, with or without `/p2p/<peerId>` at the end. */
  readonly addresses: readonly string[]
  /** Who says so: a member, or a way of finding. Of two the one cannot keep the other's hints waiting. Absent: the peer itself. */
  readonly source?: string
}

export type OnCandidate = (candidate: Candidate) => void
