import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import type { ConnectionEncrypter, SecuredConnection } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { lpStream } from '@libp2p/utils'
import { createBoundNoise } from '../../src/p2p/admission/bound-noise.ts'
import { ADMISSION_VERSION, decodeFrame, encodeFrame } from '../../src/p2p/admission/frames.ts'
import { ADMISSION_PROTOCOL } from '../../src/p2p/admission/otp-noise.ts'
import { makeProof } from '../../src/p2p/admission/proof.ts'
import {
  type Encrypter,
  echo,
  heldClock,
  INTERVAL_SECONDS,
  impostor,
  newToken,
  ringMaker,
  startNode,
  type TestNode,
  until,
} from '../unit/p2p/admission/nodes.ts'

const ADMITTED = ['connection:open', 'peer:connect', 'peer:identify']

/** Dials, expects no, and looks whether the dialled node noticed more than the refusal. */
async function assertRefused(dialler: TestNode, responder: TestNode): Promise<void> {
  await assert.rejects(dialler.dial(responder))
  await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
  assertNothingSeen(responder)
}

function assertNothingSeen(node: TestNode): void {
  assert.deepEqual(node.seen, [])
  assert.equal(node.libp2p.getConnections().length, 0)
}

function facts(node: TestNode): unknown {
  const [refusal] = node.refusals
  return refusal && { direction: refusal.direction, code: refusal.error.code, ...refusal.error.details }
}

function refusedFor(direction: 'inbound' | 'outbound', reason: string): unknown {
  return { direction, code: 'admission.refused', reason }
}

describe('admission between libp2p nodes', () => {
  it('connects two nodes of one token, and only then does anything start', async () => {
    const ring = ringMaker()
    await using responder = await startNode({ keyRing: ring() })
    await using dialler = await startNode({ keyRing: ring(), listen: [] })

    const connection = await dialler.dial(responder)

    assert.equal(connection.encryption, ADMISSION_PROTOCOL)
    assert.equal(connection.multiplexer, '/yamux/1.0.0')
    assert.equal(await echo(await connection.newStream('/echo'), 'hello'), 'hello')
    await until(() => ADMITTED.every((name) => responder.seen.includes(name)), 'the responder sees the connection')
    assert.deepEqual([...dialler.refusals, ...responder.refusals], [])
  })

  for (const [name, steps] of [
    ['one step behind', -1],
    ['one step ahead', 1],
  ] as const) {
    it(`connects a node whose clock is ${name}`, async () => {
      const ring = ringMaker()
      await using responder = await startNode({ keyRing: ring() })
      await using dialler = await startNode({ keyRing: ring(steps), listen: [] })
      const connection = await dialler.dial(responder)
      assert.equal(await echo(await connection.newStream('/echo'), 'hello'), 'hello')
    })
  }

  for (const [steps, theirs, ours] of [
    [-2, 'behind', 'ahead'],
    [2, 'ahead', 'behind'],
    [-5_000_000, 'behind', 'ahead'],
  ] as const) {
    it(`names the clock on both sides when it is ${steps} steps off`, async () => {
      const ring = ringMaker()
      await using responder = await startNode({ keyRing: ring() })
      await using dialler = await startNode({ keyRing: ring(steps), listen: [] })

      await assert.rejects(dialler.dial(responder), /clock is at least \d+ s (ahead|behind)/)
      await until(() => responder.refusals.length > 0, 'the responder told of a refusal')

      assertNothingSeen(responder)
      for (const [node, otherClock] of [
        [responder, theirs],
        [dialler, ours],
      ] as const) {
        const error = node.refusals[0]?.error
        assert.equal(error?.code, 'admission.clock-skew')
        assert.equal(error?.details['otherClock'], otherClock)
        const skewSeconds = Number(error?.details['skewSeconds'])
        const trueSkew = Math.abs(steps) * INTERVAL_SECONDS
        assert.ok(skewSeconds >= trueSkew - INTERVAL_SECONDS && skewSeconds <= trueSkew, String(skewSeconds))
      }
    })
  }

  const token = newToken()
  for (const [name, other] of [
    ['another token', newToken()],
    ['another secret', { ...token, crypto: newToken().crypto }],
    ['another network id', { ...token, networkId: newToken().networkId ?? '' }],
    ['another room', { ...token, room: 'elsewhere' }],
  ] as const) {
    it(`refuses ${name} on both sides, without the responder noticing more`, async () => {
      await using responder = await startNode({ keyRing: ringMaker(token)() })
      await using dialler = await startNode({ keyRing: ringMaker(other)(), listen: [] })

      await assertRefused(dialler, responder)

      assert.deepEqual(facts(responder), refusedFor('inbound', 'token'))
      assert.deepEqual(facts(dialler), refusedFor('outbound', 'token'))
      assert.equal(responder.refusals[0]?.peerId, dialler.libp2p.peerId.toString())
      assert.equal(dialler.refusals[0]?.peerId, responder.libp2p.peerId.toString())
      assert.match(dialler.refusals[0]?.address ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
      assert.equal(dialler.logged.length, 1)
      const told = JSON.stringify([responder, dialler].map(({ refusals, logged }) => [refusals, logged]))
      for (const ring of [ringMaker(token)(), ringMaker(other)()]) {
        const key = ring.key(ring.step(), 'admission')
        for (const form of ['hex', 'base64', 'base64url'] as const) assert.ok(!told.includes(key.toString(form)))
      }
      for (const secret of [token.crypto.key, other.crypto.key, token.room]) assert.ok(!told.includes(secret))
    })
  }

  it('gives a wrong token and a wrong token with a wrong clock the same answer', async () => {
    await using responder = await startNode()
    await using dialler = await startNode({ keyRing: ringMaker()(-9), listen: [] })
    await assertRefused(dialler, responder)
    assert.deepEqual(facts(dialler), refusedFor('outbound', 'token'))
  })

  it('gives a stock Noise peer nothing, in either direction', async () => {
    await using member = await startNode()
    await using stranger = await startNode({ encrypters: () => [noise()] })
    await assert.rejects(stranger.dial(member))
    await assert.rejects(member.dial(stranger))
    assertNothingSeen(member)
  })

  for (const [name, play, reason] of [
    ['says nothing', async () => {}, 'timeout'],
    ['sends an over-long frame', async (f) => await f.write(Buffer.alloc(300, ADMISSION_VERSION)), 'malformed'],
    ['announces a gigantic frame', async (_f, s) => s.connection.send(Buffer.from('ffffffff07', 'hex')), 'malformed'],
    ['floods', async (_f, s) => s.connection.send(Buffer.concat([Buffer.of(200), Buffer.alloc(1 << 20)])), 'malformed'],
    ['sends a length that never ends', async (_f, s) => s.connection.send(Buffer.alloc(300, 0x80)), 'malformed'],
    ['sends rubbish', async (f) => await f.write(Buffer.from('let me in')), 'version'],
    ['sends zeros', async (f) => await f.write(Buffer.alloc(42)), 'malformed'],
    ['sends an empty frame', async (f) => await f.write(Buffer.alloc(0)), 'malformed'],
    ['answers before it is asked', async (f) => await f.write(frameOf('accepted')), 'malformed'],
    ['proves with a made-up MAC', async (f) => await f.write(frameOf('proof')), 'token'],
    ['hangs up', async (_f, s) => s.connection.abort(new Error('bye')), 'closed'],
  ] as [string, Parameters<typeof impostor>[0], string][]) {
    it(`refuses an initiator that ${name}`, async () => {
      await using responder = await startNode({ timeoutMs: 1000 })
      await using stranger = await startNode({
        listen: [],
        encrypters: () => [
          impostor(async (frames, secured, signal) => {
            await play(frames, secured, signal)
            // Until it is answered, or cut off.
            await frames.read({ signal }).catch(() => {})
            throw new Error('not let in')
          }),
        ],
      })
      await assert.rejects(stranger.dial(responder))
      await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
      assertNothingSeen(responder)
      assert.equal(responder.refusals[0]?.error.code, 'admission.refused')
      assert.equal(responder.refusals[0]?.error.details['reason'], reason)
    })

    it(`does not take a responder that ${name} for a member`, async () => {
      await using member = await startNode({ timeoutMs: 1000 })
      await using stranger = await startNode({
        encrypters: () => [
          impostor(async (frames, secured, signal) => {
            if (name !== 'hangs up') await frames.read({ signal })
            await play(frames, secured, signal)
            await leftAlone(secured, signal)
          }),
        ],
      })
      await assert.rejects(member.dial(stranger))
      assertNothingSeen(member)
      const expected = name === 'answers before it is asked' ? 'token' : reason
      const isProof = name === 'proves with a made-up MAC'
      assert.equal(member.refusals[0]?.error.details['reason'], isProof ? 'malformed' : expected)
    })
  }

  it('cuts off a refused initiator that stays, and still tells the true reason', async () => {
    await using responder = await startNode({ timeoutMs: 500 })
    await using stranger = await startNode({
      listen: [],
      encrypters: () => [
        impostor(async (frames, secured, signal) => {
          await frames.write(frameOf('proof'))
          await frames.read({ signal })
          const answeredAt = performance.now()
          await leftAlone(secured, signal).catch(() => {})
          throw new Error(performance.now() - answeredAt > 900 ? 'had time to read' : 'was reset at once')
        }),
      ],
    })
    await assert.rejects(stranger.dial(responder), /had time to read/)
    assert.deepEqual(facts(responder), refusedFor('inbound', 'token'))
  })

  it('keeps no more than a frame or two of a flood', async () => {
    await using responder = await startNode()
    await using stranger = await startNode({
      listen: [],
      encrypters: () => [
        impostor(async (_frames, secured, signal) => {
          secured.connection.send(Buffer.concat([Buffer.of(200, 1), Buffer.alloc(2000)]))
          await leftAlone(secured, signal)
        }),
      ],
    })
    await assert.rejects(stranger.dial(responder))
    await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
    const cause = responder.refusals[0]?.error.cause
    assert.equal(cause instanceof Error && cause.name, 'StreamBufferError')
  })

  it('names another version of the protocol on both sides', async () => {
    let answer: Uint8Array | undefined
    await using responder = await startNode()
    await using newer = await startNode({
      encrypters: () => [
        impostor(async (frames, secured, signal) => {
          if (secured.connection.direction === 'inbound') await frames.read({ signal })
          await frames.write(Buffer.concat([Buffer.of(7), Buffer.alloc(100)]))
          answer = (await frames.read({ signal })).subarray()
          throw new Error('refused')
        }),
      ],
    })
    await assert.rejects(newer.dial(responder))
    const expected = { code: 'admission.refused', reason: 'version', version: ADMISSION_VERSION, otherVersion: 7 }
    await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
    assert.deepEqual(facts(responder), { direction: 'inbound', ...expected })
    assert.equal(answer?.[0], ADMISSION_VERSION, 'the newer one can read our version from the answer')

    await assert.rejects(responder.dial(newer), /version 7 of the admission protocol/)
    assert.equal(responder.refusals[1]?.error.details['otherVersion'], 7)
  })

  it('refuses bytes that are no Noise, and a socket that is silent', async () => {
    await using responder = await startNode({ timeoutMs: 500 })
    const port = Number(
      responder.libp2p
        .getMultiaddrs()[0]
        ?.getComponents()
        .find(({ name }) => name === 'tcp')?.value,
    )
    const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)])
    const select = Buffer.concat([line('/multistream/1.0.0'), line(ADMISSION_PROTOCOL)])
    for (const rubbish of [
      Buffer.concat([Buffer.of(0, 40), Buffer.alloc(40, 7)]),
      Buffer.alloc(70_000, 255),
      undefined,
    ]) {
      const before = responder.refusals.length
      const socket = connect(port, '127.0.0.1')
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      socket.resume().write(select)
      if (rubbish !== undefined) socket.write(rubbish)
      await closed
      assert.equal(responder.refusals.length, before + 1)
    }
    const reasons = responder.refusals.map(({ error }) => error.details['reason'])
    assert.deepEqual(reasons.at(-1), 'timeout')
    assertNothingSeen(responder)
  })

  it('refuses when another node answers at the address', async () => {
    const ring = ringMaker()
    await using responder = await startNode({ keyRing: ring() })
    await using other = await startNode({ keyRing: ring() })
    await using dialler = await startNode({ keyRing: ring(), listen: [] })
    const [address] = responder.libp2p.getMultiaddrs()
    assert.ok(address)
    await assert.rejects(dialler.libp2p.dial(address.decapsulate('/p2p').encapsulate(`/p2p/${other.libp2p.peerId}`)))
    assert.deepEqual(facts(dialler), refusedFor('outbound', 'identity'))
  })

  it('refuses a proof that a man in the middle carries from one session of his into another', async () => {
    const ring = ringMaker()
    await using responder = await startNode({ keyRing: ring() })
    await using victim = await startNode({ keyRing: ring(), listen: [] })
    const stolen = Promise.withResolvers<Uint8Array>()
    const answered = Promise.withResolvers<Uint8Array>()
    await using middle = await startNode({
      encrypters: () => [
        impostor(async (frames, secured, signal) => {
          if (secured.connection.direction === 'inbound') {
            stolen.resolve((await frames.read({ signal })).subarray())
            await frames.write(await answered.promise)
          } else {
            await frames.write(await stolen.promise)
            answered.resolve((await frames.read({ signal })).subarray())
            throw new Error('not accepted')
          }
        }),
      ],
    })

    const [victimDial, middleDial] = await Promise.allSettled([victim.dial(middle), middle.dial(responder)])

    assert.deepEqual([victimDial.status, middleDial.status], ['rejected', 'rejected'])
    await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
    assert.deepEqual(facts(responder), refusedFor('inbound', 'token'))
    assert.deepEqual(facts(victim), refusedFor('outbound', 'token'))
    assertNothingSeen(responder)
  })

  it('refuses a recorded proof, and a proof thrown back at its sender', async () => {
    const ring = ringMaker()
    await using member = await startNode({ keyRing: ring() })
    let recorded: Uint8Array | undefined
    await using recorder = await startNode({
      encrypters: () => [
        impostor(async (frames, secured, signal) => {
          if (secured.connection.direction === 'inbound') {
            recorded = (await frames.read({ signal })).subarray()
            // Reflection: the member's own proof as the answer to it.
            await frames.write(recorded)
            await leftAlone(secured, signal)
          } else if (recorded !== undefined) {
            await frames.write(recorded)
            await frames.read({ signal })
            throw new Error('not accepted')
          }
        }),
      ],
    })
    await assert.rejects(member.dial(recorder))
    assert.equal(member.refusals[0]?.error.details['reason'], 'malformed')
    assert.ok(recorded)
    await assert.rejects(recorder.dial(member))
    await until(() => member.refusals.length === 2, 'the replay was refused')
    assert.equal(member.refusals[1]?.error.details['reason'], 'token')
    assertNothingSeen(member)
  })

  it('refuses a proof that its own maker sends a second time', async () => {
    const ring = ringMaker()
    await using responder = await startNode({ keyRing: ring() })
    let proof: Uint8Array | undefined
    const repeating: Encrypter = (components) => {
      const bound = createBoundNoise(components)
      const own = components.peerId.toString()
      async function secureOutbound(...[connection, options = {}]: Parameters<ConnectionEncrypter['secureOutbound']>) {
        const { secured, handshakeHash } = await bound.secure('initiator', connection, options)
        const session = { initiator: own, responder: secured.remotePeer.toString(), handshakeHash }
        proof ??= encodeFrame(makeProof(ring(), session))
        const frames = lpStream(secured.connection)
        await frames.write(proof, options)
        const answer = decodeFrame((await frames.read(options)).subarray())
        if (answer.kind !== 'accepted') throw new Error(answer.kind)
        frames.unwrap()
        return secured
      }
      return { protocol: ADMISSION_PROTOCOL, secureOutbound, secureInbound: secureOutbound }
    }
    await using repeater = await startNode({ listen: [], encrypters: () => [repeating] })

    const first = await repeater.dial(responder)
    await first.close()
    await until(() => responder.libp2p.getConnections().length === 0, 'the first connection is over')
    await assert.rejects(repeater.dial(responder), /refused/)

    await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
    assert.deepEqual(facts(responder), refusedFor('inbound', 'token'))
  })

  it('keeps connections and streams over 24 rollovers, and admits new nodes after each', async () => {
    const clock = heldClock()
    const ring = ringMaker(newToken(), clock)
    await using responder = await startNode({ keyRing: ring() })
    await using lasting = await startNode({ keyRing: ring(), listen: [] })
    await using returning = await startNode({ keyRing: ring(), listen: [] })
    await using late = await startNode({ keyRing: ring(-1), listen: [] })
    const connection = await lasting.dial(responder)
    const stream = await connection.newStream('/echo')
    for (let step = 1; step <= 24; step++) {
      clock.move(1)
      for (const node of [returning, late]) {
        const fresh = await node.dial(responder)
        assert.equal(await echo(await fresh.newStream('/echo'), `step ${step}`), `step ${step}`)
        await fresh.close()
      }
      assert.equal(await echo(stream, `rollover ${step}`), `rollover ${step}`)
    }
    assert.equal(connection.status, 'open')
    assert.equal(stream.status, 'open')
    assert.deepEqual(responder.refusals, [])
  })

  it('admits end to end through a relay that does not hold the token', async () => {
    const ring = ringMaker()
    const also = { encrypters: (own: Encrypter) => [own, noise()] }
    await using relay = await startNode({ isRelay: true, encrypters: () => [noise()] })
    const [relayAddress] = relay.libp2p.getMultiaddrs()
    await using hidden = await startNode({ keyRing: ring(), listen: [`${relayAddress}/p2p-circuit`], ...also })
    await until(() => hidden.libp2p.getMultiaddrs().length > 0, 'the relay took the reservation')
    await using member = await startNode({ keyRing: ring(), listen: [], ...also })
    await using stranger = await startNode({ listen: [], ...also })

    const connection = await member.dial(hidden)
    assert.equal(connection.encryption, ADMISSION_PROTOCOL)
    assert.equal(connection.remotePeer.toString(), hidden.libp2p.peerId.toString())
    const stream = await connection.newStream('/echo', { runOnLimitedConnection: true })
    assert.equal(await echo(stream, 'through'), 'through')

    const seen = hidden.seen.length
    await assert.rejects(stranger.dial(hidden))
    await until(() => hidden.refusals.length > 0, 'the hidden node told of a refusal')
    assert.deepEqual(facts(hidden), refusedFor('inbound', 'token'))
    assert.deepEqual(facts(stranger), refusedFor('outbound', 'token'))
    assert.equal(hidden.seen.length, seen)
  })

  it('leaks nothing when it refuses again and again', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    // So long that a timer left behind is still there at the end.
    const timeoutMs = 600_000
    await using responder = await startNode({ timeoutMs })
    await using dialler = await startNode({ timeoutMs, listen: [] })
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    await assert.rejects(dialler.dial(responder))
    await until(() => responder.refusals.length === 1, 'the first refusal')
    const before = { sockets: sockets(), timers: timers() }
    for (let round = 0; round < 10; round++) {
      await Promise.allSettled(Array.from({ length: 5 }, () => dialler.libp2p.dial(responder.libp2p.getMultiaddrs())))
    }
    await until(() => sockets() <= before.sockets, 'all sockets are closed')
    await until(() => timers() <= before.timers, 'all timers are gone')
    assert.ok(responder.refusals.length > 10)
    assertNothingSeen(responder)
    process.off('warning', onWarning)
    assert.deepEqual(warnings, [])
  })
})

/** Stays as one who was let in would, so that only the other side can end it. */
async function leftAlone({ connection }: SecuredConnection, signal: AbortSignal): Promise<never> {
  if (connection.status === 'open') await once(connection, 'close', { signal })
  throw new Error('not let in')
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

function frameOf(kind: 'proof' | 'accepted'): Uint8Array {
  return encodeFrame({ kind, step: Math.floor(1_700_000_100 / INTERVAL_SECONDS), mac: Buffer.alloc(32, 3) })
}
