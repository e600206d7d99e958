/** One rotating secret of the token. */
export interface OtpParameters {
  /** Its UTF-8 bytes are the key of the HMAC. */
  readonly key: string
  /** 1 to 2^31 - 1: more than a timer can wait. */
  readonly intervalSeconds: number
  /** Characters of the base64 code that LocalAI uses, 1 to 44. Our keys are made of the whole HMAC. */
  readonly length: number
}

/**
 * What the base64 YAML of a network token says. The form is LocalAI's (edgevpn's `YAMLConnectionConfig`), so a token of
 * either side parses on the other; `networkId` and `ownerKey` are ours, and LocalAI ignores them.
 */
export interface NetworkToken {
  /** Rotates the rendezvous in the DHT. The key may be empty in a token of edgevpn; then `rendezvous` stands in. */
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
