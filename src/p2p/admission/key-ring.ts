/** What a derived key is for: keys of different purposes tell nothing of each other (HKDF, RFC 5869, the `info` field). */
export type KeyPurpose = 'admission' | 'rendezvous' | 'mdns'

/**
 * The network's keys, by time. A step is the counter of RFC 6238: floor(unix seconds / interval), by the clock that the
 * ring was given.
 */
export interface KeyRing {
  readonly intervalSeconds: number
  step(): number
  /** Previous, current and next step. */
  accepts(step: number): boolean
  /** 32 bytes: HKDF-SHA-256 of the full-width HMAC-SHA-256 of the step, with the network and the purpose as context. */
  key(step: number, purpose: KeyPurpose): Buffer
  /** How far, in seconds and at least, a clock is wrong that is in `step` now. 0 when the step is accepted. */
  skewSeconds(step: number): number
}
