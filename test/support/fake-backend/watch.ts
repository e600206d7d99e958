import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FakeBackendReport } from './report.ts'

/** The script to run with node: `node FAKE_BACKEND --addr ... --report ... --option name=value`. */
export const FAKE_BACKEND = fileURLToPath(new URL('./main.ts', import.meta.url))

type ReportOf<Name extends FakeBackendReport['event']> = Extract<FakeBackendReport, { event: Name }>

/** One fake backend process, as it tells of itself. */
export interface WatchedBackend {
  readonly pid: number
  readonly started: ReportOf<'started'>
  /** The next report of this kind that no earlier call has taken. Rejects when the process ends before. */
  next<Name extends FakeBackendReport['event']>(event: Name): Promise<ReportOf<Name>>
  /** How many reports of this kind have come. */
  count(event: FakeBackendReport['event']): number
  /** Lets a behaviour that waits for this word go on. */
  tell(word: string): void
  /** Settles when the process is gone: the system has closed its connection. */
  readonly gone: Promise<void>
}

/** Where fake backends report to. Close it at the end of the test. */
export interface BackendWatch extends AsyncDisposable {
  readonly path: string
  /** The next process that reports its start, in order of starting. */
  nextStart(): Promise<WatchedBackend>
  /** How many have started. */
  readonly starts: number
}

/** Values that come one by one, for readers that come one by one, in either order. */
function createQueue<T>() {
  const values: T[] = []
  const readers: PromiseWithResolvers<T>[] = []
  return {
    push(value: T): void {
      const reader = readers.shift()
      if (reader === undefined) values.push(value)
      else reader.resolve(value)
    },
    shift(): Promise<T> {
      const value = values.shift()
      if (value !== undefined) return Promise.resolve(value)
      const reader = Promise.withResolvers<T>()
      readers.push(reader)
      return reader.promise
    },
    fail(error: Error): void {
      for (const reader of readers.splice(0)) reader.reject(error)
    },
  }
}

export async function watchBackends(): Promise<BackendWatch> {
  const folder = await mkdtemp(join(tmpdir(), 'fake-'))
  const path = join(folder, 'report.sock')
  const started = createQueue<WatchedBackend>()
  const sockets = new Set<Socket>()
  let starts = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    follow(socket, (backend) => {
      starts++
      started.push(backend)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    path,
    nextStart: () => started.shift(),
    get starts() {
      return starts
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function follow(socket: Socket, onStart: (backend: WatchedBackend) => void): void {
  const queues = new Map<string, ReturnType<typeof createQueue<FakeBackendReport>>>()
  const counts = new Map<string, number>()
  const gone = Promise.withResolvers<void>()
  const queueOf = (event: string) => {
    const queue = queues.get(event) ?? createQueue<FakeBackendReport>()
    queues.set(event, queue)
    return queue
  }
  // A killed process may reset the connection.
  socket.on('error', () => {})
  socket.on('close', () => {
    gone.resolve()
    for (const [event, queue] of queues) queue.fail(new Error(`the fake backend ended before it reported ${event}`))
  })
  createInterface({ input: socket }).on('line', (line) => {
    const report = JSON.parse(line) as FakeBackendReport
    counts.set(report.event, (counts.get(report.event) ?? 0) + 1)
    if (report.event !== 'started') return queueOf(report.event).push(report)
    onStart({
      pid: report.pid,
      started: report,
      next: async <Name extends FakeBackendReport['event']>(event: Name) =>
        (await queueOf(event).shift()) as ReportOf<Name>,
      count: (event) => counts.get(event) ?? 0,
      tell: (word) => socket.write(`${word}\n`),
      gone: gone.promise,
    })
  })
}
