import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FAKE_BACKEND } from '../../test/support/fake-backend/watch.ts'
import { startLocalAi } from '../../test/support/local-ai.ts'
import { newToken, scriptedModel, startSwarm } from '../../test/support/swarm.ts'
import { freePort } from './measure.ts'

export type ArmName = 'direct' | 'member' | 'entry' | 'splice'

/** One way from a client to the backend. */
export interface Arm {
  readonly name: ArmName
  readonly host: string
  readonly port: number
  /** The processes whose CPU belongs to it. */
  readonly processes: Readonly<Record<string, number>>
}

/** Places enough for every request: what is measured is the way, not the queue. */
const MEMBER = ['--llama-cpp-parallel', '4096']
const ENTRY = ['--federation-queue', '4096']

/** The way alone: behind it is a server that does next to nothing, reached over TCP or as a member of the network. */
export async function wireArms(stack: AsyncDisposableStack): Promise<readonly Arm[]> {
  const folder = createFolder(stack)
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, await newToken(), { mode: 0o600 })
  const peer = await startProgram(stack, './wire-peer.ts', [tokenFile])
  const { http, contact } = JSON.parse(peer.line) as { http: string; contact: string }
  const entry = stack.use(
    await startLocalAi({
      subcommand: 'federated',
      keepLog: false,
      arguments: [
        ...ENTRY,
        ...['--p2p-token-file', tokenFile, '--p2p-bootstrap', contact],
        ...['--p2p-listen', '/ip4/127.0.0.1/tcp/0', '--p2p-mdns=false', '--node-name', 'entry'],
      ],
    }),
  )
  return [
    { name: 'direct', ...placeOf(`http://${http}`), processes: { server: peer.pid } },
    { name: 'entry', ...placeOf(entry.url), processes: { entry: entry.pid, server: peer.pid } },
    await spliceArm(stack, http, { server: peer.pid }),
  ]
}

/** The whole node: behind every way is `local-ai` with the scripted backend, which all share. */
export async function nodeArms(stack: AsyncDisposableStack): Promise<readonly Arm[]> {
  const folder = createFolder(stack)
  const address = `127.0.0.1:${await freePort()}`
  const backend = startChild(stack, FAKE_BACKEND, ['--addr', address])
  const attached = ['--external-grpc-backends', `scripted:${address}`, ...MEMBER]
  const model = join(folder, 'bench.yaml')
  writeFileSync(model, scriptedModel('bench'))
  const direct = stack.use(
    await startLocalAi({
      arguments: attached,
      prepare(own) {
        mkdirSync(join(own, 'models'))
        writeFileSync(join(own, 'models', 'bench.yaml'), scriptedModel('bench'))
      },
    }),
  )
  const swarm = stack.use(
    await startSwarm([
      { name: 'member', files: { 'bench.yaml': model }, arguments: attached },
      { name: 'entry', entry: true, arguments: ENTRY },
    ]),
  )
  const { process: member, url: memberUrl } = swarm.node('member')
  const { process: entry, url: entryUrl } = swarm.node('entry')
  const scripted = backend.pid ?? 0
  return [
    { name: 'direct', ...placeOf(direct.url), processes: { node: direct.pid, backend: scripted } },
    { name: 'member', ...placeOf(memberUrl), processes: { node: member.pid, backend: scripted } },
    { name: 'entry', ...placeOf(entryUrl), processes: { entry: entry.pid, node: member.pid, backend: scripted } },
    await spliceArm(stack, new URL(direct.url).host, { node: direct.pid, backend: scripted }),
  ]
}

/** LocalAI's way to the server that the direct arm asks. */
async function spliceArm(stack: AsyncDisposableStack, target: string, behind: Arm['processes']): Promise<Arm> {
  const provider = await startProgram(stack, './splice.ts', ['provider', target])
  const entry = await startProgram(stack, './splice.ts', ['entry', provider.line])
  return {
    name: 'splice',
    ...placeOf(`http://${entry.line}`),
    processes: { entry: entry.pid, provider: provider.pid, ...behind },
  }
}

/** Its first line tells where it is reached. */
async function startProgram(stack: AsyncDisposableStack, file: string, words: readonly string[]) {
  const child = startChild(stack, fileURLToPath(new URL(file, import.meta.url)), words)
  if (child.stdout === null) throw new Error('stdout must be a pipe')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { line, pid: child.pid ?? 0 }
}

function startChild(stack: AsyncDisposableStack, file: string, words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [file, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  stack.defer(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return child
}

function createFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function placeOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
