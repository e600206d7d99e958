import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createBoundNoise } from '../../src/p2p/admission/bound-noise.ts'
import { createKeyRing, createRendezvousRing } from '../../src/p2p/admission/create-key-ring.ts'
import type { KeyRing } from '../../src/p2p/admission/key-ring.ts'
import { otpNoise } from '../../src/p2p/admission/otp-noise.ts'
import { createNetwork } from '../../src/p2p/create-network.ts'
import type { NodeOffer } from '../../src/p2p/membership/node-record.ts'
import type { Network } from '../../src/p2p/network.ts'
import { answerViewers, VIEW_PROTOCOL } from '../../src/p2p/view/answer-viewers.ts'
import { deriveViewKeys, summaryKey } from '../../src/p2p/view/derive-view.ts'
import type { PublicSummary } from '../../src/p2p/view/public-summary.ts'
import { formatViewCapability, parseViewCapability, type ViewCapability } from '../../src/p2p/view/view-capability.ts'
import { encodeQuestion } from '../../src/p2p/view/view-frames.ts'
import { viewNetwork } from '../../src/p2p/view/view-network.ts'
import { LOOPBACK, silentLog, testToken, until } from '../support/p2p/hosts.ts'

const token = testToken('viewed')
const keys = deriveViewKeys(token)
const OFFER: NodeOffer = {
  ...{ version: 'test', group: '', serves: true, backends: [], slots: 2, memoryTotalBytes: 1e9, device: 'cpu' },
  ...{ draining: false, models: [{ name: 'tiny', loaded: true, capabilities: ['chat'] }] },
}

type Member = Network & AsyncDisposable & { readonly sockets: string[] }

async function startMember({ name = 'node', bootstrap = [] as readonly string[], shows = true } = {}): Promise<Member> {
  const sockets: string[] = []
  const network = createNetwork(
    {
      log: silentLog,
      accept(socket, peerId) {
        sockets.push(peerId)
        socket.destroy()
      },
      privateKey: await generateKeyPair('Ed25519'),
      keyRing: createKeyRing(Date, token),
      rendezvousRing: createRendezvousRing(Date, token),
      view: shows ? { secret: keys.secret, key: summaryKey(token) } : undefined,
    },
    {
      ...{ name, networkId: '0'.repeat(32), version: 'test', bootstrap, listen: LOOPBACK, port: 0 },
      ...{ announce: [], mdns: false, dht: false, relay: 'off', limits: false, libraryLogLevel: 'fatal' },
      publicName: 'the lab',
    },
  )
  network.advertise(OFFER)
  await network.start()
  return { ...network, sockets, [Symbol.asyncDispose]: network.stop }
}

/** What somebody has who was given the text and nothing else. */
function capabilityFor(member: Network): ViewCapability {
  const { addresses } = member.status()
  return parseViewCapability(
    formatViewCapability({ ...keys, mdnsTag: '_la-000000000000._udp.local', addresses: [...addresses] }),
  )
}

async function look(capability: ViewCapability, timeoutMs = 10_000): Promise<PublicSummary> {
  return await viewNetwork(
    { log: silentLog },
    { capability, addresses: [], mdns: false, mayDial: () => true },
    { signal: AbortSignal.timeout(timeoutMs) },
  )
}

function addressOf(member: Network): string {
  const [address] = member.status().addresses
  assert.ok(address)
  return address
}

describe('a view capability', () => {
  it('finds the network and reads how many nodes and which models there are', async () => {
    await using first = await startMember()
    await using second = await startMember({ name: 'other', bootstrap: first.status().addresses })
    await until(() => first.peers()[0]?.state === 'linked' && second.peers()[0]?.state === 'linked')

    const summary = await look(capabilityFor(first))

    assert.equal(summary.name, 'the lab')
    assert.equal(summary.nodes.filter(({ serves, online }) => serves && online).length, 2)
    assert.deepEqual(summary.models, [{ name: 'tiny', capabilities: ['chat'], nodes: 2, loaded: 2 }])
    assert.equal(summary.places.length, 2)
    const byOther = await look({ ...capabilityFor(first), addresses: summary.places.slice(1) })
    assert.deepEqual(
      byOther.nodes.map(({ id }) => id),
      summary.nodes.map(({ id }) => id),
    )
    assert.equal(first.peers().length, 1, 'no viewer became a member')
    assert.deepEqual([...first.sockets, ...second.sockets], [])
  })

  it('is answered while strangers begin to ask and then keep silent', async () => {
    await using member = await startMember()
    const port = Number(/\/tcp\/(\d+)/.exec(addressOf(member))?.[1])
    const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)])
    const answers: string[] = []
    const strangers = Array.from({ length: 8 }, (_, index) =>
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .on('data', (data) => {
          answers[index] = `${answers[index] ?? ''}${data.toString()}`
        }),
    )
    try {
      for (const stranger of strangers) stranger.write(Buffer.concat([line('/multistream/1.0.0'), line(VIEW_PROTOCOL)]))
      await until(() => answers.filter((answer) => answer.includes(VIEW_PROTOCOL)).length === strangers.length)
      assert.equal((await look(capabilityFor(member))).nodes.length, 1)
    } finally {
      for (const stranger of strangers) stranger.destroy()
    }
  })

  it('reads nothing where the operator does not allow it', async () => {
    await using member = await startMember({ shows: false })
    await assert.rejects(look(capabilityFor(member)), { code: 'peer.unreachable' })
  })

  it('reads nothing with another network’s secret', async () => {
    await using member = await startMember()
    const other = deriveViewKeys(testToken('other'))
    const { addresses, mdnsTag } = capabilityFor(member)
    await assert.rejects(look({ ...keys, secret: other.secret, addresses, mdnsTag }), { code: 'peer.unreachable' })
  })

  for (const [name, secret] of [
    ['the secret', keys.secret],
    ['the public key', keys.publicKey],
  ] as const) {
    it(`cannot join: ${name} in place of the admission key is refused like a stranger's`, async () => {
      await using member = await startMember()
      const ring = createKeyRing(Date, token)
      const forged: KeyRing = { ...ring, key: () => Buffer.from(secret) }
      await using intruder = await createIntruder([otpNoise({ keyRing: forged, log: silentLog })])
      await assert.rejects(intruder.libp2p.dial(multiaddr(addressOf(member))))
      assert.equal(intruder.libp2p.getConnections().length, 0)
      await until(() => member.status().findings.some(({ problem }) => problem === 'token-differs'))
      assert.deepEqual(member.peers(), [])
    })
  }

  it('cannot use: after a right question the same bytes lead to no muxer and no protocol', async () => {
    await using member = await startMember()
    const told: Uint8Array[] = []
    await using intruder = await createIntruder([asViewer((answer) => told.push(answer))])
    const opened: string[] = []
    const signal = AbortSignal.timeout(8000)
    const connection = await intruder.libp2p.dial(multiaddr(addressOf(member)), { signal }).catch(() => undefined)
    for (const protocol of ['/local-ai/link/1', '/local-ai/http/1', '/local-ai/kad/1.0.0', '/local-ai/id/1.0.0']) {
      await connection?.newStream(protocol, { signal: AbortSignal.timeout(2000) }).then(
        () => opened.push(protocol),
        () => {},
      )
    }
    assert.deepEqual(opened, [])
    assert.ok((told[0]?.length ?? 0) > 100, 'it was told the summary')
    assert.deepEqual(member.peers(), [])
    assert.deepEqual(member.sockets, [])
    assert.equal(member.status().linked, 0)
  })

  it('cannot impersonate: a summary that the holder of the capability makes is believed by nobody', async () => {
    // Everything that a capability gives, and a signing key of its own.
    const forger = generateKeyPairSync('ed25519').privateKey
    const fake: PublicSummary = {
      ...{ version: 1, madeAtUnixMs: 1, name: 'forged', nodes: [], models: [] },
      ...{ nodesLeftOut: 0, modelsLeftOut: 0, places: [] },
    }
    const encrypter = (key: typeof forger) =>
      answerViewers(
        {
          log: silentLog,
          seats: { take: () => () => {} },
          summary: () => Buffer.from(JSON.stringify(fake)),
        },
        { secret: keys.secret, key },
      )
    await using impostor = await createIntruder(
      [encrypter(createPrivateKey(forger.export({ format: 'pem', type: 'pkcs8' })))],
      LOOPBACK,
    )
    await using member = await createIntruder([encrypter(summaryKey(token))], LOOPBACK)
    const at = (one: Intruder) => ({
      ...keys,
      mdnsTag: '_la-000000000000._udp.local',
      addresses: one.libp2p.getMultiaddrs().map(String),
    })
    await assert.rejects(look(at(impostor)), { code: 'peer.unreachable' })
    assert.equal((await look(at(member))).name, 'forged', 'the holder of the token is believed')
  })

  it('cannot impersonate: what a member said is worth nothing in another session', async () => {
    await using member = await startMember()
    const recorded: Uint8Array[] = []
    await using recorder = await createIntruder([asViewer((answer) => recorded.push(answer))])
    await recorder.libp2p.dial(multiaddr(addressOf(member))).catch(() => {})
    assert.equal(recorded.length, 1)
    await using replayer = await createIntruder([replaying(recorded)], LOOPBACK)
    const addresses = replayer.libp2p.getMultiaddrs().map(String)
    await assert.rejects(look({ ...capabilityFor(member), addresses }), { code: 'peer.unreachable' })
  })

  it('stays a viewer on a member that dials: the other protocol is of no use there', async () => {
    const dialled: string[] = []
    await using trap = await createIntruder(
      [
        (components) => {
          const inner = noise()(components)
          return {
            protocol: VIEW_PROTOCOL,
            secureInbound(connection, options) {
              dialled.push('inbound')
              return inner.secureInbound(connection, options)
            },
            secureOutbound: inner.secureOutbound.bind(inner),
          }
        },
      ],
      LOOPBACK,
    )
    await using member = await startMember({ bootstrap: trap.libp2p.getMultiaddrs().map(String) })
    await until(() => dialled.length > 0)
    assert.deepEqual(member.peers(), [])
    assert.equal(trap.libp2p.getConnections().length, 0)
  })
})

type Encrypters = NonNullable<Parameters<typeof createLibp2p>[0]>['connectionEncrypters']
interface Intruder extends AsyncDisposable {
  readonly libp2p: Awaited<ReturnType<typeof createLibp2p>>
}

async function createIntruder(connectionEncrypters: Encrypters, listen: readonly string[] = []): Promise<Intruder> {
  const libp2p = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: connectionEncrypters ?? [],
    streamMuxers: [yamux()],
    services: { identify: identify({ protocolPrefix: 'local-ai' }) },
    connectionMonitor: { enabled: false },
  })
  return { libp2p, [Symbol.asyncDispose]: async () => await libp2p.stop() }
}

type Encrypter = NonNullable<Encrypters>[number]

/** Asks as a viewer does, and goes on as if it had been admitted. */
function asViewer(onAnswer: (answer: Uint8Array) => void): Encrypter {
  return (components) => ({
    protocol: VIEW_PROTOCOL,
    async secureInbound() {
      throw new Error('not here')
    },
    async secureOutbound(connection, options = {}) {
      const { secured, handshakeHash } = await createBoundNoise(components).secure('initiator', connection, options)
      const responder = secured.remotePeer.toString()
      const frames = lpStream(secured.connection)
      const question = encodeQuestion(keys.secret, {
        initiator: components.peerId.toString(),
        responder,
        handshakeHash,
      })
      await frames.write(question, options)
      onAnswer((await frames.read(options)).slice())
      frames.unwrap()
      return secured
    },
  })
}

/** Answers viewers with what a member has said to another one. */
function replaying(recorded: readonly Uint8Array[]): Encrypter {
  return (components) => {
    const inner = noise()(components)
    return {
      protocol: VIEW_PROTOCOL,
      secureOutbound: (connection, options) => inner.secureOutbound(connection, options),
      async secureInbound(connection, options) {
        const secured = await inner.secureInbound(connection, options)
        const frames = lpStream(secured.connection)
        await frames.read(options)
        await frames.write(recorded[0] ?? new Uint8Array(), options)
        return secured
      },
    }
  }
}
