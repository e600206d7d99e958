import { type Duplex, duplexPair } from 'node:stream'
import { pino } from 'pino'
import { createLendingApp, type LendingDeps } from '../../../../src/api/workers/lending-app.ts'
import { linkedPair } from '../../../../src/base/linked-pair.ts'
import type { Network, PeerView } from '../../../../src/p2p/network.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { createLender, type LenderDeps } from '../../../../src/workers/lease/create-lender.ts'
import { createWorkerPool } from '../../../../src/workers/lease/create-worker-pool.ts'
import type { LendingRules } from '../../../../src/workers/lease/lending-offer.ts'
import { createRpcServers } from '../../../../src/workers/lease/rpc-servers.ts'
import type { StartWorkerProcess, WorkerEnd } from '../../../../src/workers/worker-process.ts'
import type { GuardWorker, StreamEnd } from '../../../../src/workers/worker-stream.ts'
import { peerOf } from '../../../integration/fake-network.ts'

const log = pino({ level: 'silent' })
export const MEBIBYTE = 2 ** 20
export const FACTS = {
  device: 'CPU',
  memoryTotalBytes: 4096 * MEBIBYTE,
  memoryFreeBytes: 2048 * MEBIBYTE,
  weightBytesPerSecond: { f16: 1e9 },
}
export const BUILD = { build: '3.22.1-linux-x64', protocol: '7.0.0' }

/** Answers every byte with the same, as a worker of its own for each user. */
export function fakeWorkers() {
  const running: { readonly limits: number; readonly die: () => void; stopped: boolean }[] = []
  const start: StartWorkerProcess = async ({ memoryBytes }) => {
    const [socket, inside] = duplexPair()
    const ended = Promise.withResolvers<WorkerEnd>()
    inside.pipe(inside)
    inside.on('error', () => {})
    const one = {
      limits: memoryBytes,
      stopped: false,
      die: () => {
        one.stopped = true
        inside.destroy()
        socket.destroy()
        ended.resolve({ code: 1, signal: null, output: 'last words' })
      },
    }
    running.push(one)
    return { socket, pid: 1, ended: ended.promise, stop: async () => one.die() }
  }
  return { start, running }
}

/** Passes everything on, and counts each piece as a call. */
export const passOn: GuardWorker = async ({ client, worker }, { signal, events }) => {
  const end = Promise.withResolvers<StreamEnd>()
  client.on('data', (bytes: Buffer) => {
    events?.moved?.('in', bytes.length)
    worker.write(bytes)
  })
  worker.on('data', (bytes: Buffer) => {
    events?.moved?.('out', bytes.length)
    events?.roundTrip?.()
    client.write(bytes)
  })
  client.once('close', () => end.resolve({ type: 'client-left' }))
  worker.once('close', () => end.resolve({ type: 'worker-left' }))
  const onAbort = (): void => end.resolve({ type: 'client-left' })
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true || client.destroyed) onAbort()
  const result = await end.promise
  client.destroy()
  worker.destroy()
  return result
}

/** A lender behind its face, and users whose connections carry their ids. */
export async function startLender(
  init: Partial<LenderDeps> & Pick<LendingDeps, 'modelPieces'> & { readonly rules?: () => LendingRules } = {},
) {
  const workers = fakeWorkers()
  const listeners = new Set<() => void>()
  let peers: readonly PeerView[] = ['ada', 'bob', 'cy'].map((name) => peerOf(name, { offer: { serves: false } }))
  const metrics = createMetrics({ log }, { processMetrics: false })
  const deps: LenderDeps = {
    log,
    metrics,
    guard: passOn,
    network: {
      peers: () => peers,
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    worker: () => ({ ...BUILD, facts: FACTS, start: workers.start }),
    rules: () => ({ enabled: true, memoryBytes: undefined, threads: 1, to: [] }),
    freeBytes: () => 1000 * MEBIBYTE,
    now: Date.now,
    onChange: () => {},
    ...init,
  }
  const lender = createLender(deps, { group: '' })
  await lender.start()
  const app = createLendingApp({ lender, weights: deps.weights, modelPieces: init.modelPieces, log })
  await app.start()

  function connect(name: string): Duplex {
    const { theirs, ours } = linkedPair({ remoteAddress: `id-${name}` })
    app.accept(theirs)
    return ours
  }

  return {
    lender,
    app,
    workers,
    metrics,
    connect,
    gone(name: string): void {
      peers = peers.filter(({ record }) => record.name !== name)
      for (const listener of listeners) listener()
    },
    /** The pool of a user, to which the lender is `id-lender`. */
    poolOf(name: string, own: typeof BUILD | undefined = BUILD, now: () => number = Date.now) {
      const seenPeers = (): readonly PeerView[] => {
        const lends = lender.lends()
        return [peerOf('lender', { offer: { serves: false, ...(lends && { lends }) } })]
      }
      const network: Pick<Network, 'peers' | 'onChange' | 'openSocket'> = {
        peers: seenPeers,
        onChange: () => () => {},
        openSocket: async () => connect(name),
      }
      const servers = createRpcServers(
        { log, probe: async () => ({ protocol: '7.0.0', memoryFreeBytes: 1, roundTripMs: 0 }) },
        { addresses: [] },
      )
      return createWorkerPool({ network, log, metrics, now, own: () => own, servers }, { group: '' })
    },
    async [Symbol.asyncDispose]() {
      await lender.stop()
      await app.stop()
    },
  }
}
