import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { COMPILE_CACHE } from './compile-cache.ts'
import { MAIN, type RunningNode, startLocalAi } from './local-ai.ts'
import { descendants } from './processes.ts'
import { midLlamaF16 } from './tiny-models.ts'

/** `local-ai worker` as a process. */
export interface LendingMachine extends AsyncDisposable {
  readonly name: string
  readonly address: string
  /** Its process for its user. */
  processes(): readonly number[]
  /** As if the machine lost its power. */
  kill(): Promise<void>
}

/** One machine that serves a model of 71 M parameters and 24 layers, and others that lend memory to it. */
export interface SplitNetwork extends AsyncDisposable {
  readonly head: RunningNode
  readonly workers: readonly LendingMachine[]
}

export interface SplitNetworkInit {
  readonly workers: readonly { readonly name: string; readonly megabytes: number }[]
  readonly arguments?: readonly string[]
}

const NEAR = ['--p2p-listen', '/ip4/127.0.0.1/tcp/0', '--p2p-mdns=false', '--p2p-disable-dht']
const CACHE = join(homedir(), '.cache', 'local-ai')

export async function startSplitNetwork(init: SplitNetworkInit): Promise<SplitNetwork> {
  await using held = new AsyncDisposableStack()
  const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000 }))
  const model = await midLlamaF16()
  const workers = await Promise.all(
    init.workers.map(async (worker) => held.use(await startLendingMachine(token, worker))),
  )
  const head = held.use(
    await startLocalAi({
      arguments: [
        ...['--p2p', ...NEAR, '--p2p-bootstrap', workers.map(({ address }) => address).join(), '--cache-path', CACHE],
        ...['--llama-cpp-parallel', '1', '--context-size', '512', '--threads', '1'],
        ...(init.arguments ?? []),
      ],
      environment: { TOKEN: token },
      prepare: (folder) => writeModels(join(folder, 'models'), model),
    }),
  )
  const kept = held.move()
  return { head, workers, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}

/** The same file as `mid` and, run by llama-server, as `mid-server`. */
function writeModels(folder: string, file: string): void {
  mkdirSync(folder)
  symlinkSync(file, join(folder, 'mid.gguf'))
  for (const [name, engine] of [
    ['mid', 'node-llama-cpp'],
    ['mid-server', 'llama-server'],
  ]) {
    const lines = [
      `name: ${name}`,
      'backend: llama-cpp',
      'parameters:',
      '  model: mid.gguf',
      'options:',
      `  - engine:${engine}`,
    ]
    writeFileSync(join(folder, `${name}.yaml`), `${lines.join('\n')}\n`)
  }
}

async function startLendingMachine(
  token: string,
  { name, megabytes }: SplitNetworkInit['workers'][number],
): Promise<LendingMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'lender-'))
  const words = ['worker', 'p2p-llama-cpp-rpc', '--node-name', name, '--log-format', 'json', '--data-path', folder]
  const child: ChildProcess = spawn(
    process.execPath,
    [MAIN, ...words, ...NEAR, '--cache-path', CACHE, `--llama-cpp-args=-m ${megabytes} -t 1`],
    {
      cwd: folder,
      env: { ...process.env, TOKEN: token, NODE_COMPILE_CACHE: COMPILE_CACHE },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const exited = once(child, 'exit')
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal)
    await exited
  }
  return {
    name,
    address: await addressIn(child),
    processes: () => descendants(child.pid ?? 0),
    kill: async () => await end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of its log line; fails with all that it said when it ends before. */
async function addressIn(child: ChildProcess): Promise<string> {
  const said: string[] = []
  const { stderr } = child
  if (stderr === null) throw new Error('the worker has no stderr')
  for await (const line of createInterface({ input: stderr })) {
    said.push(line)
    const address = /"addresses":\["([^"]*)"/.exec(line)?.[1]
    if (address === undefined) continue
    stderr.resume()
    return address
  }
  throw new Error(`the worker ended:\n${said.join('\n')}`)
}
