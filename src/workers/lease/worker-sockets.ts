import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { AppError } from '../../base/errors.ts'
import { makeSocketFolder } from '../../base/socket-folder.ts'
import { workerSocket } from '../program/engine-environment.ts'
import type { WorkerLease } from '../worker-pool.ts'
import type { CarryEngine } from '../worker-stream.ts'

/** Where an engine's process reaches its workers: one socket each, in a folder that only this user can enter. */
export interface WorkerSockets extends AsyncDisposable {
  /** `socketFolder` of `engineEnvironment`; the sockets have the order of the leases. */
  readonly folder: string
  /** Settles with the first worker that is gone; not when the engine left first. Never rejects. */
  readonly lost: Promise<WorkerLease>
}

/**
 * Listens for one connection to each worker, and carries it. Disposing gives all leases back and ends what is open. When
 * it throws, the leases are given back as well.
 */
export async function openWorkerSockets(
  { carry }: { readonly carry: (lease: WorkerLease) => CarryEngine },
  leases: readonly WorkerLease[],
): Promise<WorkerSockets> {
  await using opened = new AsyncDisposableStack()
  for (const lease of leases) opened.use(lease)
  const folder = await makeSocketFolder('la-rpc-', '10.sock')
  if (folder === undefined) throw new AppError('backend.load-failed', 'there is no place for sockets: see TMPDIR')
  opened.defer(async () => await rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o700)
  const ended = new AbortController()
  const carried = new Map<WorkerLease, Promise<boolean>>()
  for (const [index, lease] of leases.entries()) {
    const server = await listen(workerSocket(folder, index))
    opened.defer(() => void server.close())
    server.once('connection', (engine) => {
      // Nobody else gets in, whoever finds the socket.
      server.close()
      engine.on('error', () => {})
      const carrying = carry(lease)({ engine, stream: lease.stream }, { signal: ended.signal, events: lease.events })
      const leftByEngine = carrying.then(
        (end) => end.type === 'client-left',
        () => true,
      )
      carried.set(lease, leftByEngine)
      void leftByEngine.then(() => lease.stream.destroy())
    })
  }
  opened.defer(() => {
    for (const lease of leases) lease.events.userLeft?.()
    ended.abort()
  })
  const kept = opened.move()
  return {
    folder,
    lost: firstLost(leases, (lease) => carried.get(lease)),
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

/** An engine that has died leaves its workers: they are not the reason. */
function firstLost(
  leases: readonly WorkerLease[],
  leftByEngine: (lease: WorkerLease) => Promise<boolean> | undefined,
): Promise<WorkerLease> {
  const { promise, resolve } = Promise.withResolvers<WorkerLease>()
  for (const lease of leases) {
    void lease.over.then(async () => {
      if ((await leftByEngine(lease)) !== true) resolve(lease)
    })
  }
  return promise
}

async function listen(path: string): Promise<Server> {
  const server = createServer()
  server.maxConnections = 1
  server.listen(path)
  await once(server, 'listening')
  return server
}
