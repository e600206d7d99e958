import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { AppError } from '../../../base/errors.ts'

export interface ServerProcess {
  /** Resolves when the process is gone, with a sentence that says how. Never rejects. */
  readonly exited: Promise<string>
  readonly hasExited: boolean
  /** The last lines it wrote. */
  lastLines(): string
  /** Resident memory; 0 where the system does not tell. */
  memoryBytes(): number
  died(): AppError
  /** It holds nothing that would need an orderly end, and that takes seconds while it generates. */
  kill(): void
  /** Kills it, and resolves when it is gone. */
  stop(): Promise<void>
}

export interface ServerProcessInit {
  readonly binary: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onOutput: (text: string) => void
}

/** The end of a pipe that the child reads: it ends itself when this process is gone, even by SIGKILL. */
const LIFELINE_FD = 3
const TAIL_LIMIT = 4096
const TAIL_LINES = 8

export function startServerProcess(init: ServerProcessInit): ServerProcess {
  const child = spawn(init.binary, [...init.args], {
    env: childEnvironment(init.environment),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_LIMIT)
      init.onOutput(text)
    })
  }
  // When the child goes first, its end of the lifeline resets ours: nothing to do about it.
  child.stdio[LIFELINE_FD]?.on('error', () => {})
  let ending: string | undefined
  const exited = waitForEnd(child).then((how) => {
    ending = how
    return how
  })
  const kill = (): void => {
    if (ending === undefined) child.kill('SIGKILL')
  }
  return {
    exited,
    get hasExited() {
      return ending !== undefined
    },
    lastLines: () => tail.trim().split('\n').slice(-TAIL_LINES).join('\n'),
    memoryBytes: () => (ending === undefined && child.pid !== undefined ? residentBytes(child.pid) : 0),
    died: () => new AppError('backend.died', `llama-server ${ending ?? 'closed its connection'}`),
    kill,
    async stop() {
      kill()
      await exited
    },
  }
}

/** Variables that llama-server would take for its own options are kept from it. */
function childEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(LLAMA_ARG_|LLAMA_API_KEY|AIP_)/.test(entry[0]),
  )
  return { ...Object.fromEntries(kept), GGML_NO_BACKTRACE: '1', LOCALAI_LIFELINE_FD: String(LIFELINE_FD) }
}

async function waitForEnd(child: ChildProcess): Promise<string> {
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message})`))
    // Not `exit`: its last words may still be under way.
    child.once('close', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `died of ${signal}`),
    )
  })
}

function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
