import { connect, type Socket } from 'node:net'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../base/signals.ts'
import type { WorkerEnd } from '../worker-process.ts'
import { askWorker, type WorkerAnswer } from './ask-worker.ts'
import type { WorkerProgram } from './worker-program.ts'

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** Such a server answers one connection and lets the next one wait without a word: past this it counts as busy. */
const ANSWER_TIMEOUT_MS = 5000

/**
 * A `ggml-rpc-server` that somebody else runs. It is asked for HELLO on a connection of its own before each user, since a
 * user's engine would wait for that answer forever. Starting throws `peer.unreachable`, `worker.busy` and `worker.lost`.
 */
export function createExternalWorker(
  server: ServerAddress,
  { answerTimeoutMs = ANSWER_TIMEOUT_MS }: { readonly answerTimeoutMs?: number } = {},
): Pick<WorkerProgram, 'start'> {
  async function ask({ signal }: AbortOptions): Promise<WorkerAnswer> {
    const late = AbortSignal.timeout(answerTimeoutMs)
    try {
      return await askServer(server, { signal: anySignal(late, signal) })
    } catch (error) {
      signal?.throwIfAborted()
      if (error !== late.reason) throw error
      throw new AppError('worker.busy', `${named(server)} does not answer: it serves somebody, or is no RPC server`)
    }
  }

  return {
    async start(_limits, options = {}) {
      await ask(options)
      const socket = await open(server, options)
      const ended = new Promise<WorkerEnd>((resolve) => {
        socket.once('close', () => resolve({ code: null, signal: null, output: '' }))
      })
      return {
        socket,
        pid: undefined,
        ended,
        async stop() {
          socket.destroy()
          await ended
        },
      }
    },
  }
}

/** What the server at an address says of itself. Throws `peer.unreachable`, `worker.lost` and the signal's reason. */
export async function probeServer(
  server: ServerAddress,
  options: Required<AbortOptions>,
): Promise<{ readonly protocol: string; readonly memoryFreeBytes: number; readonly roundTripMs: number }> {
  const { protocol, devices, roundTripMs } = await askServer(server, options)
  const memoryFreeBytes = devices.reduce((total, device) => total + device.memoryFreeBytes, 0)
  return { protocol, memoryFreeBytes, roundTripMs }
}

async function askServer(server: ServerAddress, options: AbortOptions): Promise<WorkerAnswer> {
  const socket = await open(server, options)
  try {
    return await askWorker(socket, options)
  } finally {
    // In an orderly way: some versions die when they answer on a connection that was reset.
    socket.end()
    socket.resume()
  }
}

async function open(server: ServerAddress, { signal }: AbortOptions): Promise<Socket> {
  signal?.throwIfAborted()
  const socket = connect({ ...server, noDelay: true })
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    // Stays: whoever uses the socket listens for itself, and one that breaks must not end this process.
    socket.on('error', reject)
  })
  try {
    await raceSignal(connected, signal)
    return socket
  } catch (cause) {
    connected.catch(() => {})
    socket.destroy()
    signal?.throwIfAborted()
    throw new AppError('peer.unreachable', `no RPC server answers at ${named(server)}`, { cause })
  }
}

function named({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
