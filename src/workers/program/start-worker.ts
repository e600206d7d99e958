import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Duplex, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../base/signals.ts'
import type { LlamaRpc, WorkerEnd, WorkerLimits, WorkerProcess } from '../worker-process.ts'

const START_TIMEOUT_MS = 20_000
const OUTPUT_LIMIT = 4096
/** Where the worker finds its client, and where it notices that its parent is gone. */
const CLIENT_FD = 3
const LIFELINE_FD = 0

/**
 * Starts a worker for one user and waits until its sandbox is closed. Its environment holds nothing of ours. It ends by
 * itself when the socket closes, or with this process.
 */
export async function startWorker(
  llamaRpc: LlamaRpc,
  limits: WorkerLimits,
  { signal }: AbortOptions = {},
): Promise<WorkerProcess> {
  signal?.throwIfAborted()
  const numbers = ['--threads', String(limits.threads), '--memory-bytes', String(Math.floor(limits.memoryBytes))]
  const child = spawn(llamaRpc.program, ['--libs', llamaRpc.librariesDir, '--fd', String(CLIENT_FD), ...numbers], {
    cwd: '/',
    env: { LOCALAI_LIFELINE_FD: String(LIFELINE_FD) },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const tail = keepTail(child)
  const ended = watchEnd(child, tail)
  const socket = child.stdio[CLIENT_FD]
  // Whoever uses it listens for itself; a worker that is gone must not end this process.
  if (socket instanceof Duplex) socket.on('error', () => {})
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    if (socket instanceof Duplex) socket.destroy()
    await ended
  }
  try {
    await untilReady(child, ended, signal)
  } catch (error) {
    await stop()
    throw error
  }
  if (!(socket instanceof Duplex) || child.pid === undefined) throw new AppError('internal', 'a worker with no socket')
  const { pid } = child
  return { socket, pid, ended, stop, computedMs: async () => await readComputedMs(pid) }
}

/** Of Linux alone: user and system time in /proc/PID/stat, in ticks of which a second has a hundred (proc(5)). */
async function readComputedMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name in parentheses may contain anything; the times are the 12th and 13th word after it.
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(words[11]) + Number(words[12])
  return Number.isFinite(ticks) ? ticks * 10 : undefined
}

/** The worker says "ready" once, when nothing but its user can tell it anything. */
async function untilReady(child: ChildProcess, ended: Promise<WorkerEnd>, signal?: AbortSignal): Promise<void> {
  const late = AbortSignal.timeout(START_TIMEOUT_MS)
  const ready = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  const failed = ended.then((end) => {
    throw new AppError('backend.start-failed', `a worker did not start: ${describe(end)}`)
  })
  try {
    await raceSignal(Promise.race([ready, failed]), anySignal(late, signal))
  } catch (error) {
    if (error !== late.reason) throw error
    throw new AppError('backend.start-timeout', `a worker was not ready within ${START_TIMEOUT_MS / 1000} seconds`)
  } finally {
    failed.catch(() => {})
  }
}

function describe({ code, signal, output }: WorkerEnd): string {
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`
  return output === '' ? how : `${how}: ${output}`
}

function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-OUTPUT_LIMIT)
  })
  // When the worker goes first, its end of the lifeline resets ours: nothing to do about it.
  child.stdin?.on('error', () => {})
  return () => tail.trim()
}

async function watchEnd(child: ChildProcess, tail: () => string): Promise<WorkerEnd> {
  const end = await new Promise<Omit<WorkerEnd, 'output'> & { readonly trouble?: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, trouble: error.message }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  // Its last words may still be on their way; the socket's are for its user.
  if (child.stderr !== null && end.trouble === undefined) await ignoreErrors(child.stderr)
  return { code: end.code, signal: end.signal, output: end.trouble ?? tail() }
}

async function ignoreErrors(stream: Readable): Promise<void> {
  await finished(stream).catch(() => {})
}
