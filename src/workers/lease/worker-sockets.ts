import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workerSocket } from '../program/engine-environment.ts'
import type { WorkerLease } from '../worker-pool.ts'
import type { CarryEngine } from '../worker-stream.ts'

/** Where an engine's process reaches its workers: one socket each, in a folder that only this user can enter. */
export interface WorkerSockets extends AsyncDisposable {
  /** `socketFolder` of `engineEnvironment`; the sockets have the order of the leases. */
  readonly folder: string
  /** Settles with the first worker that is gone, or that the engine has left. Never rejects. */
  readonly lost: Promise<WorkerLease>
}

/**
 * Listens for one connection to each worker, and carries it. Disposing gives all leases back and ends what is open. When
 * it throws, the leases are given back as well.
 */
export async function openWorkerSockets(
  { carry }: { readonly carry: CarryEngine },
  leases: readonly WorkerLease[],
): Promise<WorkerSockets> {
  await using opened = new AsyncDisposableStack()
  for (const lease of leases) opened.use(lease)
  const folder = await mkdtemp(join(tmpdir(), 'la-rpc-'))
  opened.defer(async () => await rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o700)
  const ended = new AbortController()
  for (const [index, lease] of leases.entries()) {
    const server = await listen(workerSocket(folder, index))
    opened.defer(() => void server.close())
    server.once('connection', (engine) => {
      // Nobody else gets in, whoever finds the socket.
      server.close()
      engine.on('error', () => {})
      carry({ engine, stream: lease.stream }, { signal: ended.signal, events: lease.events }).then(
        () => lease.stream.destroy(),
        () => lease.stream.destroy(),
      )
    })
  }
  opened.defer(() => ended.abort())
  const kept = opened.move()
  return {
    folder,
    lost: Promise.race(
      leases.map(async (lease) => {
        await lease.over
        return lease
      }),
    ),
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}

async function listen(path: string): Promise<Server> {
  const server = createServer()
  server.maxConnections = 1
  server.listen(path)
  await once(server, 'listening')
  return server
}
