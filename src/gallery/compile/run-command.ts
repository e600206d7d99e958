import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { AbortOptions } from '../../base/signals.ts'

export interface CommandResult {
  /** The program could not be started: it does not exist, or is not one. */
  readonly missing: boolean
  readonly exitCode: number | undefined
  /** The end of what it wrote, both streams together. */
  readonly output: string
}

export interface CommandOptions extends AbortOptions {
  readonly cwd?: string
  /** Past this the program is killed. */
  readonly timeoutMs?: number
}

const OUTPUT_LIMIT = 8192

/**
 * Runs a program to its end, at low priority. Never rejects for what the program does; an abort ends the program with
 * all its children (a compiler driver is only the parent of the compiler) and rejects with the signal's reason.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { signal, cwd, timeoutMs } = options
  signal?.throwIfAborted()
  // A group of its own, so that one kill reaches every process in it.
  const child = spawn(program, [...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  lowerPriority(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_LIMIT)
    })
  }
  const kill = (): void => killGroup(child.pid)
  signal?.addEventListener('abort', kill, { once: true })
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs)
  try {
    return await new Promise<CommandResult>((resolve) => {
      child.once('error', () => resolve({ missing: true, exitCode: undefined, output }))
      child.once('close', (code) => resolve({ missing: false, exitCode: code ?? undefined, output }))
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
    signal?.throwIfAborted()
  }
}

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already, or the system does not allow it: it runs as it is.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}
