/** One rotating code of the token: `code(key, interval, length, t)` of `token/one-time-code.ts`. */
export interface OtpParameters {
  readonly key: string
  readonly intervalSeconds: number
  /** Characters of the base64 code that LocalAI uses, 1 to 44. */
  readonly length: number
}

/**
 * What the base64 YAML of a network token says. The form is LocalAI's (edgevpn's `YAMLConnectionConfig`), so a token of
 * either side parses on the other; `networkId` and `ownerKey` are ours, and LocalAI ignores them.
 */
export interface NetworkToken {
  /** Rotates the rendezvous in the DHT. */
  readonly dht: OtpParameters
  /** Rotates the admission key. */
  readonly crypto: OtpParameters
  readonly room: string
  readonly rendezvous: string
  readonly mdns: string
  readonly maxMessageSizeBytes: number
  /** 128 random bits in hex: names the network in files and logs without telling anything of its keys. */
  readonly networkId?: string
  /** The owner's Ed25519 public key, in libp2p's protobuf form, base64url. */
  readonly ownerKey?: string
}
