import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE } from './compile-cache.ts'
import { WRONG_ANSWER } from './wrong-answer.ts'

/** The command line of this tree, to be run with node. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const WATCH_ANSWERS = new URL('watch-answers-of-process.ts', import.meta.url)

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface RunningNode extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly folder: string
  readonly child: ChildProcess
  readonly log: readonly LogLine[]
  /** The next log line (or one that is already there) for which the test holds. */
  waitForLog(test: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>
  /** Sends the signal and gives the exit code and signal. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export interface StartOptions {
  readonly arguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Prepares the folder (its `models` and so on) before the node starts. */
  readonly prepare?: (folder: string) => void
  /** Used instead of a fresh folder, and not removed at the end. */
  readonly folder?: string
  /** How to start the program, instead of this tree's own source. */
  readonly command?: readonly [string, ...string[]]
  /** Default `run`. */
  readonly subcommand?: 'run' | 'federated' | 'explorer'
  /** False: what it answers is not held against the OpenAPI document. Default: true in tests of this tree's own source. */
  readonly checkAnswers?: boolean
  /** False: once it is ready, nothing of its log is read any more; for measurements. Default: true. */
  readonly keepLog?: boolean
}

/** A real `local-ai run` as a process, in a folder of its own, on a free port of the loopback. Ready when this resolves. */
export async function startLocalAi(options: StartOptions = {}): Promise<RunningNode> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'local-ai-e2e-'))
  options.prepare?.(folder)
  const [program, ...first] = options.command ?? [process.execPath, MAIN]
  const { subcommand = 'run' } = options
  const words = [...first, subcommand, '--address', '127.0.0.1:0', '--log-format', 'json']
  if (subcommand === 'run') words.push('--autobuild-llama-server=false')
  // An explorer has no document.
  const isOurs = options.command === undefined && subcommand !== 'explorer'
  const checked = options.checkAnswers ?? (isOurs && process.env['NODE_TEST_CONTEXT'] !== undefined)
  const child = spawn(program, [...words, ...(options.arguments ?? [])], {
    cwd: folder,
    env: {
      ...process.env,
      LOCALAI_DEFAULT_MODEL: '',
      NO_COLOR: '1',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...(checked ? { NODE_OPTIONS: `--import ${WATCH_ANSWERS}` } : {}),
      ...options.environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const lines = collectLines(child)
  const node: RunningNode = {
    get url() {
      return String(lines.log.find((line) => line['url'] !== undefined)?.['url'])
    },
    pid: child.pid ?? -1,
    folder,
    child,
    log: lines.log,
    waitForLog: lines.waitFor,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill(signal)
        await exited
      }
      return { code: child.exitCode, signal: child.signalCode }
    },
    async [Symbol.asyncDispose]() {
      await node.end('SIGTERM')
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
      const wrong = lines.log.filter(({ msg }) => msg === WRONG_ANSWER).map((line) => line['problem'])
      assert.deepEqual([...new Set(wrong)], [], WRONG_ANSWER)
    },
  }
  try {
    await lines.waitFor((line) => line['url'] !== undefined, 60_000)
    if (options.keepLog === false) lines.stop()
  } catch (error) {
    await node[Symbol.asyncDispose]()
    throw error
  }
  return node
}

function collectLines(child: ChildProcess) {
  const log: LogLine[] = []
  const waiters = new Set<(line: LogLine) => void>()
  const { stderr } = child
  if (stderr === null) throw new Error('stderr must be a pipe')
  const reader = createInterface({ input: stderr })
  reader.on('line', (text) => {
    const line = toLogLine(text)
    log.push(line)
    for (const waiter of waiters) waiter(line)
  })

  async function waitFor(test: (line: LogLine) => boolean, timeoutMs = 60_000): Promise<LogLine> {
    const found = log.find(test)
    if (found !== undefined) return found
    const wanted = Promise.withResolvers<LogLine>()
    const waiter = (line: LogLine): void => {
      if (test(line)) wanted.resolve(line)
    }
    const said = (): string => log.map((line) => JSON.stringify(line)).join('\n')
    const ended = (): void => wanted.reject(new Error(`local-ai ended with ${child.exitCode}:\n${said()}`))
    const late = AbortSignal.timeout(timeoutMs)
    const expired = (): void => wanted.reject(new Error(`the log line did not come in ${timeoutMs} ms:\n${said()}`))
    waiters.add(waiter)
    child.once('exit', ended)
    late.addEventListener('abort', expired)
    try {
      return await wanted.promise
    } finally {
      waiters.delete(waiter)
      child.off('exit', ended)
      late.removeEventListener('abort', expired)
    }
  }
  return {
    log,
    waitFor,
    stop(): void {
      reader.close()
      stderr?.resume()
    },
  }
}

function toLogLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { level: 0, msg: text }
  }
}
