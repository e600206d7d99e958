import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOwnerKey } from '../../src/p2p/identity/owner-key.ts'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { CACHE, type LendingMachine, NEAR, startLendingMachine } from './lending-machine.ts'
import { type RunningNode, startLocalAi } from './local-ai.ts'
import { midLlamaF16 } from './tiny-models.ts'

/** One machine that serves a model of 71 M parameters and 24 layers, and others that lend memory to it. */
export interface SplitNetwork extends AsyncDisposable {
  /** Speaks for the owner of the network. */
  readonly head: RunningNode
  /** Has the same model, and serves it; it lends nothing. */
  readonly keeper: RunningNode
  readonly workers: readonly LendingMachine[]
}

export interface SplitNetworkInit {
  readonly workers: readonly { readonly name: string; readonly megabytes: number }[]
  readonly arguments?: readonly string[]
}

export async function startSplitNetwork(init: SplitNetworkInit): Promise<SplitNetwork> {
  await using held = new AsyncDisposableStack()
  const keys = mkdtempSync(join(tmpdir(), 'local-ai-owner-'))
  held.defer(() => rmSync(keys, { recursive: true, force: true }))
  const file = join(keys, 'owner.key')
  const ownerKey = await loadOwnerKey({ log: console }, { file })
  const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000, ownerKey }))
  const model = await midLlamaF16()
  const workers = await Promise.all(
    init.workers.map(async (worker) => held.use(await startLendingMachine({ ...worker, token }))),
  )
  const start = async (words: readonly string[], prepare: (folder: string) => void = () => {}) =>
    await startLocalAi({
      arguments: [
        ...['--p2p', ...NEAR, '--p2p-bootstrap', workers.map(({ address }) => address).join(), '--cache-path', CACHE],
        ...['--llama-cpp-parallel', '1', '--context-size', '512', '--threads', '1'],
        ...words,
      ],
      environment: { TOKEN: token },
      prepare(folder) {
        writeModels(join(folder, 'models'), model)
        prepare(folder)
      },
    })
  const head = held.use(
    await start(init.arguments ?? [], (folder) => {
      mkdirSync(join(folder, 'data', 'p2p'), { recursive: true, mode: 0o700 })
      copyFileSync(file, join(folder, 'data', 'p2p', 'owner.key'))
    }),
  )
  const keeper = held.use(await start(['--node-name', 'keeper', '--federated']))
  const kept = held.move()
  return { head, keeper, workers, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
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
