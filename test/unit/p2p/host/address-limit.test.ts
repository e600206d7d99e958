import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createAddressLimit } from '../../../../src/p2p/host/address-limit.ts'
import { startNode } from '../../../support/p2p/hosts.ts'

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const place = (port: number) => multiaddr(`/ip4/192.0.2.1/tcp/${port}`)

describe('the addresses that a node notes of a peer', () => {
  it('are so many for each peer, and others after a while', async () => {
    let now = 0
    const notes = createAddressLimit({ now: () => now }, { most: 2, windowMs: 1000 })
    const [one, other] = [await newPeer(), await newPeer()]
    assert.deepEqual(
      [1, 2, 3, 1, 2].map((port) => notes(one, place(port))),
      [true, true, false, true, true],
    )
    assert.equal(notes(other, place(3)), true)
    now = 1000
    assert.equal(notes(one, place(3)), true)
    assert.equal(notes(one, multiaddr(`/dns4/${'x'.repeat(600)}/tcp/1`)), false)
  })

  it('do not grow with what is told', async () => {
    await using node = await startNode({ dht: false })
    const { peerStore } = node.host.libp2p
    const peer = await newPeer()
    for (let round = 0; round < 3; round += 1) {
      await peerStore.merge(peer, {
        multiaddrs: Array.from({ length: 100 }, (_, port) => place(100 * round + port + 1)),
      })
    }
    const { addresses } = await peerStore.get(peer)
    assert.ok(addresses.length > 0 && addresses.length <= 64, `${addresses.length} addresses`)
  })
})
