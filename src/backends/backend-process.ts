import { type ChildProcess, spawn } from 'node:child_process'
import { access, chmod, constants as fileConstants } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type BackendAddress, reserveAddress } from './backend-address.ts'
import { backendEnvironment } from './backend-environment.ts'
import type { Clock } from './clock.ts'
import { createLineLimiter, createLineRing, createLineSplitter } from './output-lines.ts'
import { within } from './with-timeout.ts'

/** A program to run as a backend. */
export interface BackendProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Working directory; absent: the folder of `command`. */
  readonly directory?: string
  /**
   * `lifeline`: one of ours, listens on any gRPC address and ends by itself when its stdin closes.
   * `guarded`: anybody's, wants `host:port`, runs below our guard.
   */
  readonly kind: 'lifeline' | 'guarded'
}

export interface BackendProcessDeps {
  /** A child that knows the model's name. */
  readonly log: Logger
  readonly clock: Clock
  /** The node's own environment; the backend gets little of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where backends that download models by themselves are to keep them. */
  readonly modelsPath: string
}

export interface BackendExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why there never was a process. */
  readonly spawnError?: Error
}

/** A running backend program and everything it started. It ends when this node ends, however that happens. */
export interface BackendProcess {
  readonly pid: number | undefined
  readonly address: string
  /** Never rejects. Settles when the process and its group are gone and its output has been read. */
  readonly exited: Promise<BackendExit>
  /** The last lines it wrote to stdout or stderr, oldest first; at most 50. */
  lastLines(count: number): readonly string[]
  /** SIGTERM, and SIGKILL for the whole group after the grace. May be called again with a shorter grace. */
  stop(graceMs: number): Promise<void>
}

const KEPT_LINES = 50
const LONGEST_LINE = 2_000
const LINES_PER_SECOND = 100
/** How long output is waited for that something outside the process group may hold open. */
const OUTPUT_LIMIT_MS = 500

const GUARD = fileURLToPath(new URL(`./guard${extname(import.meta.url)}`, import.meta.url))

export async function startBackendProcess(deps: BackendProcessDeps, program: BackendProgram): Promise<BackendProcess> {
  const reserved = await reserveAddress(program.kind === 'lifeline' ? 'unix' : 'tcp')
  try {
    if (program.kind === 'guarded') await makeExecutable(program.command)
    return superviseChild(deps, { child: launch(deps, program, reserved.address), reserved })
  } catch (error) {
    await reserved.release()
    throw new AppError(
      'backend.start-failed',
      `cannot start ${program.command}: ${AppError.from(error, 'internal').message}`,
      {
        cause: error,
      },
    )
  }
}

function launch(deps: BackendProcessDeps, program: BackendProgram, address: string): ChildProcess {
  const args = [...program.args, '--addr', address]
  const [command, ...rest] =
    program.kind === 'guarded' ? [process.execPath, GUARD, program.command, ...args] : [program.command, ...args]
  return spawn(command, rest, {
    cwd: program.directory ?? dirname(program.command),
    env: backendEnvironment(
      deps.environment,
      program.environment,
      program.kind === 'guarded' ? downloadFolders(deps.modelsPath) : {},
    ),
    // stdin is the lifeline: never written to, closed by the system when this process is gone.
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: a Ctrl-C in the terminal is for the node, and the group can be ended as one.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
}

function downloadFolders(modelsPath: string): Record<string, string> {
  return { HF_HOME: modelsPath, TRANSFORMERS_CACHE: modelsPath, HUGGINGFACE_HUB_CACHE: modelsPath }
}

function superviseChild(
  deps: BackendProcessDeps,
  { child, reserved }: { readonly child: ChildProcess; readonly reserved: BackendAddress },
): BackendProcess {
  const ring = createLineRing(KEPT_LINES)
  const limiter = createLineLimiter(LINES_PER_SECOND)
  let exit: BackendExit | undefined
  /** When the grace of a stop ends. */
  let graceUntil = 0

  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = createLineSplitter(LONGEST_LINE, (line) => {
      ring.push(line)
      if (!limiter.admit(deps.clock.now())) return
      const suppressed = limiter.takeSuppressed()
      if (suppressed > 0) deps.log.warn({ suppressed }, 'backend wrote more lines than the log takes')
      if (stream === 'stderr') deps.log.info({ stream }, line)
      else deps.log.debug({ stream }, line)
    })
    child[stream]?.on('data', (chunk: Buffer) => splitter.write(chunk))
    child[stream]?.on('close', () => splitter.end())
  }
  // Writing to it never happens; losing it is what it is for.
  child.stdin?.on('error', () => {})

  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<BackendExit>((resolve) => {
    child.once('error', (spawnError) => resolve({ code: null, signal: null, spawnError }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).then(async (result) => {
    // What the program started ends with it, and lets go of its output. Told to end, a script is gone at once, and what it
    // has started may still be tidying up.
    await within(closed, Math.max(0, graceUntil - deps.clock.now()))
    killGroup(child)
    await within(closed, OUTPUT_LIMIT_MS)
    // Whatever has left the group and holds them open would keep this process from ending.
    for (const stream of child.stdio) stream?.destroy()
    exit = result
    await reserved.release().catch((error: unknown) => deps.log.debug({ err: error }, 'socket folder stays'))
    return result
  })

  return {
    pid: child.pid,
    address: reserved.address,
    exited,
    lastLines: (count) => ring.last(count),
    async stop(graceMs) {
      if (exit !== undefined) return
      graceUntil = deps.clock.now() + graceMs
      child.kill('SIGTERM')
      if ((await within(exited, graceMs)) === undefined) killGroup(child)
      await exited
    },
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody is left in the group.
  }
}

/** A downloaded `run.sh` may have lost its execute bit. */
async function makeExecutable(file: string): Promise<void> {
  try {
    await access(file, fileConstants.X_OK)
  } catch {
    await chmod(file, 0o700)
  }
}

/** How a process ended, in words: `was ended by SIGABRT`, `exited with code 134 (SIGABRT)`. */
export function describeExit(exit: BackendExit): string {
  if (exit.spawnError !== undefined) return `could not be started: ${exit.spawnError.message}`
  if (exit.signal !== null) return `was ended by ${exit.signal}`
  const code = exit.code ?? 0
  const signal = Object.entries(constants.signals).find(([, number]) => code > 128 && number === code - 128)?.[0]
  return `exited with code ${code}${signal === undefined ? '' : ` (${signal})`}`
}
