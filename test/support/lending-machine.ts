import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { COMPILE_CACHE } from './compile-cache.ts'
import { MAIN } from './local-ai.ts'
import { descendants } from './processes.ts'

/** Where the plug-in and the worker program of the tests are. */
export const CACHE = join(homedir(), '.cache', 'local-ai')
/** Nobody is found but by their address, and only on this machine. */
export const NEAR = ['--p2p-listen', '/ip4/127.0.0.1/tcp/0', '--p2p-mdns=false', '--p2p-disable-dht']

export interface LendingMachineInit {
  readonly token: string
  readonly name: string
  readonly megabytes: number
  readonly arguments?: readonly string[]
  /** Used instead of a folder of its own, and not removed at the end. */
  readonly folder?: string
}

/** `local-ai worker p2p-llama-cpp-rpc` as a process. */
export interface LendingMachine extends AsyncDisposable {
  readonly name: string
  readonly address: string
  readonly pid: number
  readonly folder: string
  /** All that it has said so far, line by line. */
  readonly log: readonly string[]
  /** Its process for its user. */
  processes(): readonly number[]
  /** As if the machine lost its power. */
  kill(): Promise<void>
  end(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export async function startLendingMachine(init: LendingMachineInit): Promise<LendingMachine> {
  const { token, name, megabytes } = init
  const folder = init.folder ?? mkdtempSync(join(tmpdir(), 'lender-'))
  const words = ['worker', 'p2p-llama-cpp-rpc', '--node-name', name, '--log-format', 'json', '--data-path', folder]
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...words,
      ...NEAR,
      '--cache-path',
      CACHE,
      `--llama-cpp-args=-m ${megabytes} -t 1`,
      ...(init.arguments ?? []),
    ],
    {
      cwd: folder,
      env: { ...process.env, TOKEN: token, NODE_COMPILE_CACHE: COMPILE_CACHE },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const exited = once(child, 'exit')
  async function end(signal: NodeJS.Signals) {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
    return { code: child.exitCode, signal: child.signalCode }
  }
  const { address, log } = await addressIn(child)
  return {
    ...{ name, folder, address, log },
    pid: child.pid ?? 0,
    processes: () => descendants(child.pid ?? 0),
    kill: async () => void (await end('SIGKILL')),
    end: async () => await end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
      if (init.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of its log line, and the log; fails with all that it said when it ends before. */
async function addressIn(child: ChildProcess): Promise<{ readonly address: string; readonly log: readonly string[] }> {
  const log: string[] = []
  const found = Promise.withResolvers<string>()
  const { stderr } = child
  if (stderr === null) throw new Error('the worker has no stderr')
  createInterface({ input: stderr })
    .on('line', (line) => {
      log.push(line)
      const address = /"addresses":\["([^"]*)"/.exec(line)?.[1]
      if (address !== undefined) found.resolve(address)
    })
    .once('close', () => found.reject(new Error(`the worker ended:\n${log.join('\n')}`)))
  return { address: await found.promise, log }
}
