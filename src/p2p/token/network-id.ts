import { hkdfSync } from 'node:crypto'
import type { NetworkToken } from './network-token.ts'

const ID_BYTES = 16

/**
 * The name of the network, 32 hexadecimal digits; tells nothing of its keys. A token of LocalAI has none, so all nodes
 * derive the same one from the whole of it.
 */
export function networkIdOf(token: NetworkToken): string {
  if (token.networkId !== undefined) return token.networkId
  const { dht, crypto, room, rendezvous, mdns } = token
  const secrets = JSON.stringify([
    dht.key,
    dht.intervalSeconds,
    crypto.key,
    crypto.intervalSeconds,
    room,
    rendezvous,
    mdns,
  ])
  return Buffer.from(hkdfSync('sha256', secrets, '', 'local-ai/1 network id', ID_BYTES)).toString('hex')
}
