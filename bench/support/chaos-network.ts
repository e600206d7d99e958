import { setTimeout } from 'node:timers/promises'
import type { RunningNode } from '../../test/support/local-ai.ts'
import { createLan, type Machine } from '../../test/support/namespaces.ts'
import { poll } from '../../test/support/poll.ts'
import { descendants } from '../../test/support/processes.ts'
import { type Swarm, type SwarmNode, startSwarm } from '../../test/support/swarm.ts'

/** `ready`: it serves, with the model in memory, and all entries know. Everything else is some trouble, or the way back. */
export type NodeState = 'ready' | 'killed' | 'restarting' | 'frozen' | 'slow' | 'unplugged' | 'coming'

export interface ChaosNode {
  readonly name: string
  readonly node: SwarmNode
  readonly state: NodeState
  /** How often trouble has begun. */
  readonly troubles: number
  /** SIGKILL; it comes back with the same folder after that time. Resolves when the signal is sent, like all below. */
  kill(downMs: number): void
  /** SIGTERM, and a new start as soon as it has ended. */
  restart(): void
  /** SIGSTOP, later SIGCONT. */
  freeze(durationMs: number): void
  /** Its model gets the processor for some milliseconds every two seconds: the node is well, and a token takes that long. */
  slow(durationMs: number): void
  /** Its packets are lost; only where it has a machine of its own. */
  unplug(durationMs: number): void
  /** Resolves when no trouble is on its way any more. */
  settled(): Promise<void>
}

export interface ChaosNetwork extends AsyncDisposable {
  readonly nodes: readonly ChaosNode[]
  readonly entries: readonly ChaosNode[]
  readonly canUnplug: boolean
  /** Log lines of all processes that ran, by node, the oldest first. */
  logs(): ReadonlyMap<string, readonly RunningNode['log'][]>
}

export interface ChaosNetworkInit {
  readonly nodes: number
  readonly entries: number
  readonly model: string
  readonly file: string
  /** Machines of their own: network namespaces, which needs to be root. */
  readonly machines: boolean
  readonly nodeArguments?: readonly string[]
  readonly entryArguments?: readonly string[]
}

const READY_TIMEOUT_MS = 120_000
const STOPPED_MS = 1990
const RUNNING_MS = 10

/** Serving nodes with one model, and entries without: each a process of the real program. */
export async function startChaosNetwork(init: ChaosNetworkInit): Promise<ChaosNetwork> {
  await using stack = new AsyncDisposableStack()
  const lan = init.machines ? stack.use(await createLan(init.nodes + init.entries)) : undefined
  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
  const entryNames = names('entry', init.entries)
  const nodeNames = names('node', init.nodes)
  const machines = new Map([...entryNames, ...nodeNames].map((name, at) => [name, lan?.machines[at]]))
  const placeOf = (name: string) => {
    const machine = machines.get(name)
    return machine === undefined ? {} : { machine }
  }
  const swarm = stack.use(
    await startSwarm([
      ...entryNames.map((name) => ({
        name,
        entry: true,
        arguments: init.entryArguments ?? [],
        ...placeOf(name),
      })),
      ...nodeNames.map((name) => ({
        name,
        files: { [init.model]: init.file },
        arguments: ['--load-to-memory', init.model, '--threads', '1', ...(init.nodeArguments ?? [])],
        ...placeOf(name),
      })),
    ]),
  )
  const ran = new Map<string, RunningNode['log'][]>()
  const closing = new AbortController()
  const { signal } = closing
  const seen = { swarm, model: init.model, signal }
  const entriesSee = (name: string): Promise<void> => seesOneOf({ ...seen, entryNames, names: [name] })
  const seesSomebody = (entry: string): Promise<void> => seesOneOf({ ...seen, entryNames: [entry], names: nodeNames })
  const entries = entryNames.map((name) =>
    createNode({ swarm, name, machine: machines.get(name), ran, signal, isBack: () => seesSomebody(name) }),
  )
  const nodes = nodeNames.map((name) =>
    createNode({ swarm, name, machine: machines.get(name), ran, signal, isBack: () => entriesSee(name) }),
  )
  await Promise.all(nodeNames.map(entriesSee))
  const all = stack.move()
  return {
    nodes,
    entries,
    canUnplug: lan !== undefined,
    logs: () => ran,
    async [Symbol.asyncDispose]() {
      // Nobody comes back now; but what is stopped does not end by itself.
      closing.abort()
      await Promise.all([...nodes, ...entries].map((node) => node.settled()))
      await all.disposeAsync()
    },
  }
}

interface Seen {
  readonly swarm: Swarm
  readonly entryNames: readonly string[]
  readonly names: readonly string[]
  readonly model: string
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/** Each of the entries has a link to one of them, and knows that it has the model in memory. */
async function seesOneOf({ swarm, entryNames, names, model, signal }: Seen): Promise<void> {
  for (const entryName of entryNames) {
    await poll(`${entryName} sees ${names.join(' or ')} with its model`, READY_TIMEOUT_MS, async () => {
      if (signal.aborted) return true
      try {
        const answer = await swarm.node(entryName).ask('/api/p2p/federation')
        const { nodes } = answer as { nodes: readonly Listed[] }
        return nodes.some(
          ({ name, isOnline, models }) =>
            names.includes(name) && isOnline && models.some((offer) => offer.name === model && offer.loaded),
        )
      } catch {
        // The entry itself is away just now.
        return false
      }
    })
  }
}

interface Listed {
  readonly name: string
  readonly isOnline: boolean
  readonly models: readonly { readonly name: string; readonly loaded: boolean }[]
}

interface NodeParts {
  readonly swarm: Swarm
  readonly name: string
  readonly machine: Machine | undefined
  readonly ran: Map<string, RunningNode['log'][]>
  /** Ends every trouble, and nobody starts again. */
  readonly signal: AbortSignal
  readonly isBack: () => Promise<void>
}

function createNode({ swarm, name, machine, ran, signal, isBack }: NodeParts): ChaosNode {
  const node = swarm.node(name)
  let state: NodeState = 'ready'
  let troubles = 0
  let trouble: Promise<void> = Promise.resolve()
  const keepLog = (): void => {
    ran.set(name, [...(ran.get(name) ?? []), node.process.log])
  }
  keepLog()

  function begin(first: NodeState, act: () => Promise<void>): void {
    state = first
    troubles += 1
    trouble = (async () => {
      await act()
      state = 'coming'
      await isBack()
      state = 'ready'
    })()
    // Read by `settled`, which may come later.
    trouble.catch(() => {})
  }

  async function pause(durationMs: number): Promise<void> {
    await setTimeout(durationMs, undefined, { signal }).catch(() => {})
  }

  async function startAgain(): Promise<void> {
    if (signal.aborted) return
    await node.start()
    keepLog()
  }

  return {
    name,
    node,
    get state() {
      return state
    },
    get troubles() {
      return troubles
    },
    kill(downMs) {
      const ended = node.end('SIGKILL')
      begin('killed', async () => {
        await ended
        await pause(downMs)
        await startAgain()
      })
    },
    restart() {
      const ended = node.end('SIGTERM')
      begin('restarting', async () => {
        await ended
        await startAgain()
      })
    },
    freeze(durationMs) {
      const { pid } = node.process
      process.kill(pid, 'SIGSTOP')
      begin('frozen', async () => {
        await pause(durationMs)
        process.kill(pid, 'SIGCONT')
      })
    },
    slow(durationMs) {
      const backends = descendants(node.process.pid)
      begin('slow', async () => {
        const end = performance.now() + durationMs
        while (performance.now() < end && !signal.aborted) {
          for (const pid of backends) signalIfThere(pid, 'SIGSTOP')
          await pause(STOPPED_MS)
          for (const pid of backends) signalIfThere(pid, 'SIGCONT')
          await pause(RUNNING_MS)
        }
      })
    },
    unplug(durationMs) {
      begin('unplugged', async () => {
        await machine?.unplug()
        await pause(durationMs)
        await machine?.plug()
      })
    },
    settled: () => trouble,
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
