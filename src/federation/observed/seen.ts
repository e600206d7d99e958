/** What an entry has seen of one model on one node, lately. Times of the node alone: waiting at the entry is not in them. */
export interface Seen {
  /** How much it is worth, in requests: grows with each, and fades. */
  readonly weight: number
  /** From asking it to the end of an answer, when there was a free slot and the model was in memory. */
  readonly requestMs: number | undefined
  /** Per token of the prompt that was not in the cache. */
  readonly promptTokenMs: number | undefined
  /** Per generated token, when nothing else ran; each further request that runs adds `crowding` times that. */
  readonly tokenMs: number | undefined
  readonly crowding: number
  /** How much longer the first answer took that had to wait for the model. */
  readonly loadMs: number | undefined
  /** How much longer than usual the node has now been silent to the one that waits longest; 0 while nothing is late. */
  readonly overdueMs: number
}
