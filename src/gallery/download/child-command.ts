import { type ChildProcess, spawn } from 'node:child_process'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'

export interface ChildCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Replaces the environment of this process when given. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export interface ChildResult {
  readonly exitCode: number | null
  /** The end of what it wrote to stdout and stderr, without credentials. */
  readonly output: string
}

/** `undefined` means: there is no such program here. */
export type RunCommand = (command: ChildCommand, options: AbortOptions) => Promise<ChildResult | undefined>

const MAX_OUTPUT = 16 * 1024
const KILL_AFTER_MS = 3000

/**
 * Runs a program quietly and keeps the end of its output for an error message. It gets a process group of its own,
 * so that aborting ends whatever it has started as well.
 */
export const runCommand: RunCommand = async (command, { signal }) => {
  signal?.throwIfAborted()
  const onWindows = process.platform === 'win32'
  const child = spawn(command.command, [...command.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !onWindows,
    // npm is a .cmd file there, which only a shell can start; every argument has been checked by the URI parser.
    shell: onWindows,
    windowsHide: true,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.environment === undefined ? {} : { env: { ...command.environment } }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT)
    })
  }
  let hardKill: NodeJS.Timeout | undefined
  const stop = (): void => {
    killGroup(child, 'SIGTERM')
    hardKill = setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS)
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const exitCode = await closed(child)
    signal?.throwIfAborted()
    return exitCode === 'missing' ? undefined : { exitCode, output: withoutCredentials(output) }
  } finally {
    signal?.removeEventListener('abort', stop)
    clearTimeout(hardKill)
  }
}

/** The last lines a program said, for a person to read. */
export function lastLines(output: string, count = 5): string {
  const lines = output.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ')
}

export function commandFailed(what: string, result: ChildResult): AppError {
  const said = lastLines(result.output)
  return new AppError(
    'download.failed',
    `${what} failed${said === '' ? ` (exit code ${result.exitCode})` : `: ${said}`}`,
  )
}

function closed(child: ChildProcess): Promise<number | null | 'missing'> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('missing')
      else reject(error)
    })
    child.once('close', (code) => resolve(code))
  })
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/\s@]+@/g, '//***@')
}
