import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { NodeOffer, NodeRecord } from '../../../../src/p2p/membership/node-record.ts'
import { recordId, type SignedRecord } from '../../../../src/p2p/membership/record-codec.ts'

export const OFFER: NodeOffer = {
  version: 'v1',
  group: '',
  serves: true,
  models: [{ name: 'tiny', loaded: true, capabilities: ['chat'], contextSize: 4096 }],
  backends: ['llama-cpp'],
  slots: 4,
  memoryTotalBytes: 16e9,
  device: 'cpu',
  draining: false,
}

export function recordOf(peerId: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    peerId,
    name: 'node',
    incarnation: 1,
    sequence: 1,
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    offer: OFFER,
    leaving: false,
    ...more,
  }
}

/** Not signed at all: for parts that trust what they are given. */
export function asSigned(record: NodeRecord): SignedRecord {
  const bytes = Buffer.from(JSON.stringify(record))
  return { record, bytes, id: recordId(bytes) }
}

export async function newKey(): Promise<{ readonly key: Ed25519PrivateKey; readonly peerId: string }> {
  const key = await generateKeyPair('Ed25519')
  return { key, peerId: peerIdFromPrivateKey(key).toString() }
}
