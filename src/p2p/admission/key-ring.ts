/** What a derived key is for: keys of different purposes tell nothing of each other (HKDF, RFC 5869, the `info` field). */
export type KeyPurpose = 'admission' | 'rendezvous' | 'mdns'

/**
 * Keys of the network, by time. A step is the counter of RFC 6238: floor(unix seconds / interval), by the clock that the
 * ring was given. A network has two rings, as its token has two secrets with an interval each: `createKeyRing` for
 * admission, `createRendezvousRing` for finding each other.
 */
export interface KeyRing {
  readonly intervalSeconds: number
  step(): number
  /** Previous, current and next step. */
  accepts(step: number): boolean
  /**
   * 32 bytes: HKDF-SHA-256 of the full-width HMAC-SHA-256 of the step, with the network and the purpose as context.
   * `mdns` is the same for every step, of either ring: a name on the local network is fixed when a node starts, so nodes
   * that started at different times could not see each other.
   */
  key(step: number, purpose: KeyPurpose): Buffer
  /** How far, in seconds and at least, a clock is wrong that is in `step` now. 0 when the step is accepted. */
  skewSeconds(step: number): number
}
