import { createHmac, hkdfSync } from 'node:crypto'
import { NewestMap } from '../../base/newest-map.ts'
import { networkIdOf } from '../token/network-id.ts'
import type { NetworkToken } from '../token/network-token.ts'
import type { KeyPurpose, KeyRing } from './key-ring.ts'

const KEY_BYTES = 32
/** Three steps are in use at a time. */
const MAX_CACHED = 16

export interface KeyRingDeps {
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The ring of `otp.crypto`: who has a key of it is a member. */
export function createKeyRing(deps: KeyRingDeps, token: NetworkToken): KeyRing {
  return createRing(deps, token, token.crypto)
}

/** The ring of `otp.dht`: where members look for each other. */
export function createRendezvousRing(deps: KeyRingDeps, token: NetworkToken): KeyRing {
  const { key, intervalSeconds } = token.dht
  return createRing(deps, token, { key: key === '' ? token.rendezvous : key, intervalSeconds })
}

interface RotatingSecret {
  readonly key: string
  readonly intervalSeconds: number
}

function createRing(
  { now }: KeyRingDeps,
  token: NetworkToken,
  { key: secret, intervalSeconds }: RotatingSecret,
): KeyRing {
  const networkId = networkIdOf(token)
  const cache = new NewestMap<string, Buffer>(MAX_CACHED)
  const seconds = (): number => now() / 1000
  const step = (): number => Math.floor(seconds() / intervalSeconds)
  const accepts = (other: number): boolean => Number.isInteger(other) && Math.abs(other - step()) <= 1

  function derive(other: number, purpose: KeyPurpose): Buffer {
    const source = purpose === 'mdns' ? Buffer.from(token.mdns) : stepCode(secret, other)
    const context = `local-ai/1\0${networkId}\0${purpose}`
    return Buffer.from(hkdfSync('sha256', source, Buffer.from(token.room), context, KEY_BYTES))
  }

  return {
    intervalSeconds,
    step,
    accepts,
    key(other, purpose) {
      const name = purpose === 'mdns' ? purpose : `${other} ${purpose}`
      const key = cache.get(name) ?? derive(other, purpose)
      cache.set(name, key)
      return Buffer.from(key)
    },
    skewSeconds(other) {
      if (accepts(other)) return 0
      const [from, until] = [other * intervalSeconds, (other + 1) * intervalSeconds]
      return Math.max(1, Math.floor(Math.max(from - seconds(), seconds() - until)))
    },
  }
}

/** RFC 6238 up to the truncation to digits, which would leave a secret that one handshake lets anybody find by trying. */
function stepCode(secret: string, step: number): Buffer {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  return createHmac('sha256', secret).update(counter).digest()
}
