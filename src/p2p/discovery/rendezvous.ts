import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { KeyRing } from '../admission/key-ring.ts'
import { DHT_PROTOCOL } from '../host/libp2p-options.ts'
import type { Host } from '../host.ts'
import { type BackOff, backOffMs } from './back-off.ts'
import type { OnCandidate } from './candidate.ts'

export interface RendezvousDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly host: Host
  readonly keyRing: KeyRing
  readonly onCandidate: OnCandidate
  /** Unix milliseconds, by the clock of the key ring. */
  readonly now?: () => number
  readonly random?: () => number
}

const BACK_OFF: BackOff = { firstMs: 1_000, factor: 1.6, mostMs: 60_000 }
/** While the DHT has nobody to ask. */
const IDLE_MS = 500
const QUERY_MS = 10_000
const MAX_PROVIDERS = 64
/** Codes of the multicodec table: the only hash that the DHT takes, and bytes without a meaning. */
const SHA2_256 = 0x12
const RAW = 0x55

/** Where the members of a network meet in the DHT during one step: a hash of a key that only they can make. */
export function rendezvousCid(keyRing: Pick<KeyRing, 'key'>, step: number): CID {
  const digest = createHash('sha256').update(keyRing.key(step, 'rendezvous')).digest()
  return CID.createV1(RAW, createDigest(SHA2_256, digest))
}

/**
 * The steps under which members may have announced themselves: this one, the one before (they change over when they get
 * to it), and in the last tenth of a step the next, for those whose clock is ahead. `passed`: how much of it, [0, 1).
 */
export function lookUpSteps(step: number, passed: number): number[] {
  return passed > 0.9 ? [step, step - 1, step + 1] : [step, step - 1]
}

/** Announces this node in the DHT and looks for others there; often at first, then every minute. */
export function createRendezvous(deps: RendezvousDeps): Startable {
  const { log, host, keyRing, onCandidate, now = Date.now, random = Math.random } = deps
  let stopping: AbortController | undefined
  let loop = Promise.resolve()
  let provided: CID | undefined
  let topology: string | undefined
  const dhtPeers = new Set<string>()

  async function announce(cid: CID, signal: AbortSignal): Promise<void> {
    const { contentRouting } = host.libp2p
    if (provided !== undefined && !provided.equals(cid)) await contentRouting.cancelReprovide(provided)
    await contentRouting.provide(cid, { signal })
    provided = cid
  }
  async function lookUp(cid: CID, signal: AbortSignal): Promise<void> {
    let found = 0
    for await (const peer of host.libp2p.contentRouting.findProviders(cid, { signal })) {
      onCandidate({ peerId: peer.id.toString(), addresses: peer.multiaddrs.map(String), source: 'dht' })
      found += 1
      if (found >= MAX_PROVIDERS) return
    }
  }
  async function round(outer: AbortSignal): Promise<void> {
    const current = keyRing.step()
    const query = () => AbortSignal.any([outer, AbortSignal.timeout(QUERY_MS)])
    await announce(rendezvousCid(keyRing, current), query())
    const passed = now() / 1000 / keyRing.intervalSeconds - current
    for (const step of lookUpSteps(current, passed)) await lookUp(rendezvousCid(keyRing, step), query())
  }
  async function run(signal: AbortSignal): Promise<void> {
    let rounds = 0
    let lastStep: number | undefined
    while (!signal.aborted) {
      const step = keyRing.step()
      if (dhtPeers.size === 0 || step !== lastStep) rounds = 0
      lastStep = step
      let waitMs = IDLE_MS
      if (dhtPeers.size > 0) {
        rounds += 1
        await round(signal).catch((error: unknown) => {
          if (!signal.aborted) log.debug({ err: error }, 'a rendezvous look-up failed')
        })
        const rolloverMs = (step + 1) * keyRing.intervalSeconds * 1000 - now()
        waitMs = Math.max(IDLE_MS, Math.min(backOffMs(BACK_OFF, rounds, random()), rolloverMs))
      }
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }

  return {
    async start() {
      stopping = new AbortController()
      topology = await host.libp2p.register(DHT_PROTOCOL, {
        onConnect: (peerId) => void dhtPeers.add(peerId.toString()),
        onDisconnect: (peerId) => void dhtPeers.delete(peerId.toString()),
      })
      loop = run(stopping.signal)
    },
    async stop() {
      stopping?.abort(new Error('the rendezvous is stopping'))
      await loop
      if (topology !== undefined) host.libp2p.unregister(topology)
      topology = undefined
      dhtPeers.clear()
    },
  }
}
