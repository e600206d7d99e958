import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RelayMode } from '../../../src/p2p/host/relay-seats.ts'
import type { JoinFinding } from '../../../src/p2p/network.ts'

export interface DiscoveryNodeInit {
  readonly word: string
  readonly port?: number
  readonly relay?: RelayMode
  readonly mdns?: boolean
  readonly bootstrap?: readonly string[]
  readonly rendezvous?: boolean
}

export type DiscoveryEvent =
  | { readonly event: 'started'; readonly peerId: string; readonly addresses: readonly string[] }
  | { readonly event: 'connected'; readonly peerId: string; readonly direct: boolean; readonly ms: number }
  | { readonly event: 'stopping'; readonly findings: readonly JoinFinding[] }

export interface NodeProcess extends AsyncDisposable {
  readonly peerId: string
  /** What it has told so far. */
  readonly events: readonly DiscoveryEvent[]
  /** Ends its input; gives the exit code, once it has ended by itself. */
  end(): Promise<number | null>
}

const PROGRAM = fileURLToPath(new URL('./discovery-node.ts', import.meta.url))

/** Starts a node where `enter` leads to (a machine of `createLan`); resolves when it listens. */
export async function startNodeProcess(enter: readonly string[], init: DiscoveryNodeInit): Promise<NodeProcess> {
  const words = [...enter, process.execPath, PROGRAM, JSON.stringify(init)]
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const events: DiscoveryEvent[] = []
  const lines = createInterface({ input: child.stdout })
  const first = once(lines, 'line')
  lines.on('line', (line) => events.push(JSON.parse(line) as DiscoveryEvent))
  await Promise.race([first, exited])
  const [started] = events
  if (started?.event !== 'started') throw new Error('the node did not start')
  return {
    peerId: started.peerId,
    events,
    async end() {
      child.stdin.end()
      const [code] = await exited
      return code
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
