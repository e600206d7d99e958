import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { createBoundNoise } from '../../../../src/p2p/admission/bound-noise.ts'
import { coalescing } from '../../../../src/p2p/admission/coalescing.ts'
import { type AdmissionRefusal, otpNoise } from '../../../../src/p2p/admission/otp-noise.ts'
import { ringMaker, until } from './nodes.ts'

const [{ log }] = multiaddrConnectionPair()
const muxers = new Map<string, StreamMuxerFactory>([['/yamux/1.0.0', yamux()()]])

/** What libp2p gives to an encrypter, without a libp2p. */
async function components(): Promise<NoiseComponents> {
  const privateKey = await generateKeyPair('Ed25519')
  const rest = { logger: { forComponent: () => log }, upgrader: { getStreamMuxers: () => muxers } }
  return { privateKey, peerId: peerIdFromPrivateKey(privateKey), ...rest } as unknown as NoiseComponents
}

interface End {
  readonly encrypter: ConnectionEncrypter
  readonly peerId: string
  readonly refusals: AdmissionRefusal[]
  /** Of whom it was asked whether the owner wants them. */
  readonly askedFor: readonly string[]
}

async function end(keyRing = ringMaker()(), timeoutMs = 5000): Promise<End> {
  const refusals: AdmissionRefusal[] = []
  const askedFor: string[] = []
  const own = await components()
  const factory = otpNoise({
    keyRing,
    log: { debug() {} },
    timeoutMs,
    onRefused: (refusal) => refusals.push(refusal),
    exclusionOf: (peerId) => void askedFor.push(peerId),
  })
  return { encrypter: coalescing(factory)(own), peerId: own.peerId.toString(), refusals, askedFor }
}

async function collect(stream: MessageStream): Promise<Buffer> {
  const got: Buffer[] = []
  for await (const data of stream) got.push(Buffer.from(data.subarray()))
  return Buffer.concat(got)
}

describe('otpNoise', () => {
  it('secures a connection, names the other peer and the muxer that Noise agreed on', async () => {
    const ring = ringMaker()
    const [left, right] = multiaddrConnectionPair({ capacity: 4 })
    const [initiator, responder] = [await end(ring()), await end(ring())]
    const [outbound, inbound] = await Promise.all([
      initiator.encrypter.secureOutbound(left),
      responder.encrypter.secureInbound(right),
    ])
    assert.equal(outbound.remotePeer.toString(), responder.peerId)
    assert.equal(inbound.remotePeer.toString(), initiator.peerId)
    for (const secured of [outbound, inbound]) assert.equal(secured.streamMuxer?.protocol, '/yamux/1.0.0')
  })

  it('delivers everything that was sent before a close, however slow the way', async () => {
    const ring = ringMaker()
    const [left, right] = multiaddrConnectionPair({ capacity: 2, delay: 1 })
    const [initiator, responder] = [await end(ring()), await end(ring())]
    const [outbound, inbound] = await Promise.all([
      initiator.encrypter.secureOutbound(left),
      responder.encrypter.secureInbound(right),
    ])
    const arrived = collect(inbound.connection)
    for (let count = 0; count < 50; count++) {
      outbound.connection.send(Buffer.alloc(5000, count))
      await Promise.resolve()
    }
    await outbound.connection.close()
    const got = await arrived
    assert.equal(got.length, 250_000)
    assert.equal(got.at(-1), 49)
  })

  it('asks what the owner says only of who has the token', async () => {
    const ring = ringMaker()
    const stranger = await end()
    const [member, other] = [await end(ring()), await end(ring())]
    for (const initiator of [stranger, other]) {
      const [left, right] = multiaddrConnectionPair()
      await Promise.allSettled([initiator.encrypter.secureOutbound(left), member.encrypter.secureInbound(right)])
    }
    assert.deepEqual(member.askedFor, [other.peerId])
    assert.deepEqual([stranger.askedFor, other.askedFor], [[], [member.peerId]])
  })

  it('gives up when the caller does, and calls that no refusal', async () => {
    for (const direction of ['secureOutbound', 'secureInbound'] as const) {
      const [left] = multiaddrConnectionPair()
      const party = await end()
      const controller = new AbortController()
      const secured = party.encrypter[direction](left, { signal: controller.signal })
      setImmediate(() => controller.abort(new Error('no longer needed')))
      await assert.rejects(secured, /no longer needed/)
      assert.equal(left.status, 'aborted')
      assert.deepEqual(party.refusals, [])
    }
  })

  it('waits no longer than it may, in either role', async () => {
    for (const direction of ['secureOutbound', 'secureInbound'] as const) {
      const [left] = multiaddrConnectionPair()
      const party = await end(undefined, 20)
      await assert.rejects(party.encrypter[direction](left), { code: 'admission.refused' })
      assert.equal(party.refusals[0]?.error.details['reason'], 'timeout')
      assert.equal(left.status, 'aborted')
    }
  })
})

describe('bound Noise', () => {
  it('tells both ends the same hash, and another one in every session', async () => {
    const [initiator, responder] = [createBoundNoise(await components()), createBoundNoise(await components())]
    const hashes = new Set<string>()
    for (let session = 0; session < 3; session++) {
      const [left, right] = multiaddrConnectionPair()
      const bound = await Promise.all([
        initiator.secure('initiator', left, {}),
        responder.secure('responder', right, {}),
      ])
      const [own, other] = bound.map(({ handshakeHash }) => Buffer.from(handshakeHash).toString('hex'))
      assert.equal(own?.length, 64)
      assert.equal(own, other)
      hashes.add(own ?? '')
    }
    assert.equal(hashes.size, 3)
  })

  it('finds its messages without the decoder of the library, also those that come with the last of the handshake', async () => {
    const [initiator, responder] = [createBoundNoise(await components()), createBoundNoise(await components())]
    const [left, right] = multiaddrConnectionPair()
    const [one, other] = await Promise.all([
      initiator.secure('initiator', left, {}).then(({ secured }) => {
        secured.connection.send(Buffer.from('early'))
        return secured.connection
      }),
      responder.secure('responder', right, {}).then(({ secured }) => secured.connection),
    ])
    for (const connection of [one, other]) {
      assert.ok('decoder' in connection)
      assert.ok(!('maxBufferSize' in (connection.decoder as object)))
    }
    let text = ''
    other.addEventListener('message', ({ data }) => {
      text += Buffer.from(data.subarray()).toString()
    })
    one.send(Buffer.alloc(100_000, 'x'))
    await until(() => text.length === 100_005, 'all of it came')
    assert.ok(text.startsWith('earlyxx'))
  })
})
