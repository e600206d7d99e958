import { setTimeout as delay } from 'node:timers/promises'
import type { PeerId } from '@libp2p/interface'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Host } from '../host.ts'
import { type BackOff, backOffMs } from './back-off.ts'
import { bootstrapAddress } from './bootstrap-address.ts'
import type { Dialler } from './dialler.ts'

export interface BootstrapDeps {
  readonly log: Pick<Logger, 'info' | 'debug'>
  readonly host: Host
  readonly dialler: Pick<Dialler, 'dial'>
  readonly random?: () => number
}

const BACK_OFF: BackOff = { firstMs: 250, factor: 1.5, mostMs: 15_000 }

/**
 * The peers that were named by hand: dialled for ever until somebody answers there, and again when it is gone. Which
 * member answers does not matter. Throws `config.invalid` for text that is no address.
 */
export function createBootstrap(deps: BootstrapDeps, texts: readonly string[]): Startable {
  const { log, host, dialler, random = Math.random } = deps
  const addresses = [...new Set(texts.map((text) => bootstrapAddress(text)))]
  let stopping: AbortController | undefined
  let loops: Promise<void>[] = []

  async function keepConnected(address: string, signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        const peerId = await dialler.dial({ addresses: [address] }, { signal })
        failures = 0
        log.info({ address, peer: peerId }, 'bootstrap peer connected')
        await untilGone(host, peerId, signal)
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        // Ours for now: addresses move on, and behind the one of a service there are several nodes.
        if (failures === 1 && isSelf(error)) log.debug({ address }, 'a bootstrap address is our own')
        else if (failures === 1) log.info({ address }, 'bootstrap peer cannot be reached yet: trying on')
      }
      await delay(backOffMs(BACK_OFF, Math.max(1, failures), random()), undefined, { signal }).catch(() => {})
    }
  }

  return {
    async start() {
      stopping = new AbortController()
      const { signal } = stopping
      const { peerId } = host
      // One list for all nodes is usual: a node is in it too.
      const others = addresses.filter((address) => !address.endsWith(`/p2p/${peerId}`))
      loops = others.map((address) => keepConnected(address, signal))
    },
    async stop() {
      stopping?.abort(new Error('the bootstrap is stopping'))
      await Promise.all(loops)
    },
  }
}

/** Resolves when the last connection to the peer is gone, or the signal aborts. */
function untilGone({ libp2p }: Host, peerId: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  function onDisconnect({ detail: peer }: CustomEvent<PeerId>): void {
    if (peer.toString() === peerId) resolve()
  }
  function onAbort(): void {
    resolve()
  }
  libp2p.addEventListener('peer:disconnect', onDisconnect)
  signal.addEventListener('abort', onAbort)
  const isOpen = libp2p.getPeers().some((peer) => peer.toString() === peerId)
  if (!isOpen || signal.aborted) resolve()
  return promise.finally(() => {
    libp2p.removeEventListener('peer:disconnect', onDisconnect)
    signal.removeEventListener('abort', onAbort)
  })
}

function isSelf(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isSelf)
  return error instanceof Error && error.message.includes('dial self')
}
