import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { createDhtStore } from '../../../../src/p2p/host/dht-store.ts'
import { DHT_PROTOCOL } from '../../../../src/p2p/host/libp2p-options.ts'
import { startNode, type TestNode } from '../../../support/p2p/hosts.ts'

const [ADD_PROVIDER, GET_PROVIDERS] = [2, 3]
const [IDENTITY, SHA2_256] = [0, 0x12]

function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.of(value) : Buffer.concat([Buffer.of((value % 0x80) | 0x80), varint(value >>> 7)])
}

/** A field of bytes in a protobuf. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes])
}

function cidOf(code: number, digest: Uint8Array): CID {
  return CID.createV1(0x55, createDigest(code, digest))
}

/** The DHT's messages (libp2p specification, "kad-dht"), as a member says them. */
function message(type: number, cid: CID, fields: Uint8Array = Buffer.of()): Buffer {
  return Buffer.concat([Buffer.of(1 << 3, type), field(2, cid.bytes), fields])
}

async function talkTo(node: TestNode, member: TestNode) {
  const connection = await member.host.libp2p.dial(multiaddr(node.host.addresses()[0] ?? ''))
  const own = Buffer.concat([
    field(1, member.host.libp2p.peerId.toMultihash().bytes),
    field(2, multiaddr(member.host.addresses()[0] ?? '').bytes),
  ])
  async function ask(cid: CID, bytes: Buffer): Promise<string> {
    const stream: Stream = await connection.newStream(DHT_PROTOCOL)
    const frames = lpStream(stream)
    await frames.write(bytes)
    // Nothing is said to this one, so the next question tells that it was read.
    await frames.write(message(GET_PROVIDERS, cid))
    const answer = (await frames.read({ signal: AbortSignal.timeout(5000) })).subarray()
    stream.abort(new Error('enough'))
    return Buffer.from(answer).toString('latin1')
  }
  return {
    provide: (cid: CID) => ask(cid, message(ADD_PROVIDER, cid, field(9, own))),
    own: own.toString('latin1'),
  }
}

describe('what members leave in the DHT of a node', () => {
  it('is found there, and is no larger than a place to meet', async () => {
    await using node = await startNode()
    await using member = await startNode()
    const { provide, own } = await talkTo(node, member)
    const id = own.slice(2, 20)
    assert.ok((await provide(cidOf(SHA2_256, Buffer.alloc(32, 7)))).includes(id))
    const large = cidOf(IDENTITY, Buffer.alloc(100_000, 7))
    await assert.rejects(provide(large))
  })

  it('is bounded, and who says much forgets its own', async () => {
    const store = createDhtStore(10)
    type Key = Parameters<typeof store.put>[0]
    const keyOf = (place: string, peer: string) => ({ toString: () => `/dht/provider/${place}/${peer}` }) as Key
    const here = Buffer.of(1)
    await store.put(keyOf('meeting', 'ann'), here)
    const places = Array.from({ length: 100 }, (_, index) => 'x'.repeat(1 + (index % 60)) + 'y'.repeat(index % 7))
    for (const place of places) await store.put(keyOf(place, 'mad'), here)
    const peers: string[] = []
    for await (const { key } of store.query({ prefix: '/dht/provider/' }))
      peers.push(String(key).split('/').at(-1) ?? '')
    assert.deepEqual([peers.length, peers.filter((peer) => peer === 'ann').length], [10, 1])
    assert.deepEqual(await store.get(keyOf('meeting', 'ann')), here)
    await store.delete(keyOf('meeting', 'ann'))
    await assert.rejects(async () => await store.get(keyOf('meeting', 'ann')), { name: 'NotFoundError' })
    const value = { toString: () => '/dht/record/nbsw43dp' } as Key
    await assert.rejects(async () => await store.put(value, Buffer.alloc(1 << 20)))
  })
})
