import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Agent, fetch as fetchThrough } from 'undici'

const run = promisify(execFile)
const RELAY = fileURLToPath(new URL('./namespaces-relay.ts', import.meta.url))
const PREFIX = 'local-ai-test'

/** A machine of a `Lan`: a network namespace with an interface of its own. */
export interface Machine {
  readonly address: string
  /** Put before a program and its arguments, this runs it on the machine. */
  readonly enter: readonly [string, ...string[]]
  /** Pulls the cable at the switch: the link stays up, and packets are lost without a word. */
  unplug(): Promise<void>
  plug(): Promise<void>
  /** `fetch` for a port of the machine's loopback, also while it is unplugged. */
  fetcher(port: number): Promise<typeof fetch>
}

export interface Lan extends AsyncDisposable {
  readonly machines: readonly Machine[]
}

/** Why the tests that lose packets cannot run here. */
export const needsNamespaces = namespacesProblem()

function namespacesProblem(): { readonly skip?: string } {
  if (process.platform !== 'linux') return { skip: 'network namespaces are of Linux' }
  const name = `${PREFIX}-${process.pid}-try`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' })
  } catch (error) {
    return { skip: `no network namespace can be made here: ${firstLine(error)}` }
  }
  try {
    execFileSync('ip', ['-n', name, 'link', 'add', 'switch', 'type', 'bridge'], { stdio: 'pipe' })
    return {}
  } catch (error) {
    return { skip: `no bridge can be made here: ${firstLine(error)}` }
  } finally {
    execFileSync('ip', ['netns', 'del', name])
  }
}

function firstLine(error: unknown): string {
  return (
    String(error instanceof Error && 'stderr' in error ? error.stderr || error.message : error).split('\n')[0] ?? ''
  )
}

let lans = 0

/** So many machines on a switch of their own, 10.77.0.1 and up; nothing else is on that network, nor this process. */
export async function createLan(count: number): Promise<Lan> {
  removeForgotten()
  lans += 1
  const label = `${PREFIX}-${process.pid}-${lans}`
  const hub = `${label}-switch`
  const names = [hub, ...Array.from({ length: count }, (_, index) => `${label}-${index + 1}`)]
  const relays: AsyncDisposable[] = []
  const remove = (): void => {
    for (const name of names) removeNamespace(name)
  }
  // Also when the test process fails in a way that runs no `await using`.
  process.once('exit', remove)
  try {
    await ip('netns', 'add', hub)
    await ip('-n', hub, 'link', 'add', 'switch', 'type', 'bridge')
    await ip('-n', hub, 'link', 'set', 'switch', 'up')
    const machines: Machine[] = []
    for (const [index, name] of names.slice(1).entries()) {
      machines.push(await createMachine({ hub, name, relays, number: index + 1 }))
    }
    return {
      machines,
      async [Symbol.asyncDispose]() {
        for (const relay of relays) await relay[Symbol.asyncDispose]()
        remove()
        process.off('exit', remove)
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function createMachine(parts: {
  readonly hub: string
  readonly name: string
  readonly number: number
  readonly relays: AsyncDisposable[]
}): Promise<Machine> {
  const { hub, name, number, relays } = parts
  const address = `10.77.0.${number}`
  const port = `port${number}`
  await ip('netns', 'add', name)
  await ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', hub)
  await ip('-n', hub, 'link', 'set', port, 'master', 'switch', 'up')
  await ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  await ip('-n', name, 'link', 'set', 'lo', 'up')
  await ip('-n', name, 'link', 'set', 'eth0', 'up')
  // Multicast DNS asks for a route.
  await ip('-n', name, 'route', 'add', 'default', 'dev', 'eth0')
  const relay = createRelay(name)
  relays.push(relay)
  return {
    address,
    enter: ['ip', 'netns', 'exec', name],
    unplug: () => ip('-n', hub, 'link', 'set', port, 'nomaster'),
    plug: () => ip('-n', hub, 'link', 'set', port, 'master', 'switch'),
    fetcher: (port) => relay.fetcher(port),
  }
}

/** A unix socket is no matter of the network namespace: through it this process reaches into one. One for all its ports. */
function createRelay(namespace: string) {
  const folder = mkdtempSync(join(tmpdir(), `${namespace}-`))
  const words = ['netns', 'exec', namespace, process.execPath, RELAY, folder]
  const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const waiting = new Map<string, () => void>()
  createInterface({ input: child.stdout }).on('line', (line) => waiting.get(line)?.())
  /** Ports come again: a program that is started again may get the one that it had. */
  const reached = new Map<number, Promise<typeof fetch>>()
  const dispatchers: Agent[] = []

  async function open(port: number): Promise<typeof fetch> {
    const { promise: ready, resolve } = Promise.withResolvers<void>()
    waiting.set(String(port), resolve)
    child.stdin.write(`${port}\n`)
    await Promise.race([ready, exited])
    const dispatcher = new Agent({
      connect: { socketPath: join(folder, String(port)) },
      ...{ bodyTimeout: 0, headersTimeout: 0 },
    })
    dispatchers.push(dispatcher)
    const through = async (url: unknown, init: object = {}): Promise<unknown> =>
      await fetchThrough(String(url), { ...init, dispatcher })
    return through as typeof fetch
  }

  return {
    fetcher(port: number): Promise<typeof fetch> {
      const known = reached.get(port) ?? open(port)
      reached.set(port, known)
      return known
    },
    async [Symbol.asyncDispose]() {
      for (const dispatcher of dispatchers) await dispatcher.destroy()
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ip(...words: readonly string[]): Promise<void> {
  await run('ip', words)
}

function removeNamespace(name: string): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' })
  } catch {
    // It was never made, or is gone already.
  }
}

/** What earlier test processes left when they were killed. */
function removeForgotten(): void {
  let names: readonly string[]
  try {
    names = readdirSync('/run/netns')
  } catch {
    return
  }
  for (const name of names) {
    const owner = /^local-ai-test-(\d+)-/.exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) removeNamespace(name)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
