import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { composeLending, type Lending } from '../../src/compose/compose-lending.ts'
import { prepareMember } from '../../src/compose/compose-member.ts'
import { joinSettings } from '../../src/config/network-settings.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import type { Network } from '../../src/p2p/network.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { LlamaRpc } from '../../src/workers/worker-process.ts'
import { poll } from './poll.ts'

const log = pino({ level: 'silent' })
const OFFER = {
  ...{ version: '0', group: '', serves: false, models: [], backends: [], slots: 0, memoryTotalBytes: 0 },
  ...{ device: 'cpu', draining: false },
}

export interface UserInit {
  readonly token: string
  readonly bootstrap: string
  readonly name: string
  readonly llamaRpc: LlamaRpc
  /** Default: ''. */
  readonly group?: string
}

export interface WorkerUser extends AsyncDisposable {
  readonly network: Network
  readonly pool: Lending['pool']
  /** The id of the first machine that lends. */
  findWorker(): Promise<string>
}

/** A member that borrows and has no engine: the tests speak the RPC themselves. */
export async function startWorkerUser({ token, bootstrap, name, llamaRpc, group = '' }: UserInit): Promise<WorkerUser> {
  const folder = mkdtempSync(join(tmpdir(), 'worker-user-'))
  const settings = {
    ...resolveSettings(joinSettings, {}, {}),
    ...{ dataPath: folder, p2pToken: token, p2pBootstrap: [bootstrap], nodeName: name },
    ...{ p2pListen: ['/ip4/127.0.0.1/tcp/0'], p2pMdns: false, p2pDisableDht: true, p2pLogLevel: 'silent' as const },
  }
  const member = await prepareMember({ log, accept: (socket) => socket.destroy() }, settings)
  const { network } = member
  const lending = composeLending(
    {
      ...{ log, network, metrics: createMetrics({ log }, { processMetrics: false }), onChange: () => {} },
      rules: () => ({ enabled: false, memoryBytes: undefined, threads: 1, to: [] }),
      source: {
        ...{ worker: () => undefined, llamaRpc: () => llamaRpc, facts: () => undefined, freeBytes: () => 0 },
        ...{ prepare: () => {}, start: async () => {}, stop: async () => {} },
      },
    },
    { group, weights: { folder: join(folder, 'weights'), maxBytes: 0 }, rpcServers: [] },
  )
  network.advertise({ ...OFFER, group })
  await network.start()
  for (const part of lending.parts) await part.start()
  return {
    network,
    pool: lending.pool,
    findWorker: async () => await poll('a worker is there', 30_000, () => lending.pool.list()[0]?.peerId),
    async [Symbol.asyncDispose]() {
      for (const part of lending.parts.toReversed()) await part.stop()
      await network.stop()
      await member[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As a program: takes the worker that its parent describes, says "has it", and holds it until it is ended. */
if (import.meta.main) {
  const [init] = (await once(process, 'message')) as [UserInit]
  const user = await startWorkerUser(init)
  const request = { model: 'held', memoryBytes: 64 * 2 ** 20, waitMs: 60_000 }
  const lease = await user.pool.lease(await user.findWorker(), request)
  process.send?.('has it')
  await lease.over
}
