import { setTimeout } from 'node:timers/promises'
import { poll } from '../../test/support/poll.ts'
import { applyFault, type Fault, planFault } from './chaos-faults.ts'
import type { KnownRequest } from './chaos-kinds.ts'
import type { ChaosNetwork, ChaosNode } from './chaos-network.ts'
import type { Run, Watch } from './chaos-run.ts'

export interface ModeParts {
  readonly network: ChaosNetwork
  readonly run: Run
  readonly requests: readonly KnownRequest[]
  readonly random: () => number
  /** So many nodes always stay well. */
  readonly keep: number
}

export interface MixedInit {
  readonly durationMs: number
  /** Requests come by the clock, whether or not the ones before have ended. */
  readonly perSecond: number
  readonly faultEveryMs: number
  readonly faults: readonly Fault[]
}

/** Open-loop clients, and a fault at every beat at which one more is allowed. Gives the beats that had none. */
export async function runMixed(parts: ModeParts, init: MixedInit): Promise<{ readonly idleBeats: number }> {
  const { network, run, requests, random, keep } = parts
  const sent: Promise<unknown>[] = []
  let idleBeats = 0
  const sender = async (): Promise<void> => {
    const began = run.now()
    for (let count = 0; run.now() - began < init.durationMs; count += 1) {
      const request = requests[Math.floor(random() * requests.length)]
      if (request !== undefined) sent.push(run.send(request))
      await until(run, began + ((count + 1) * 1000) / init.perSecond)
    }
  }
  const breaker = async (): Promise<void> => {
    const began = run.now()
    for (let beat = 1; beat * init.faultEveryMs < init.durationMs; beat += 1) {
      await until(run, began + beat * init.faultEveryMs)
      const states = (nodes: readonly ChaosNode[]) => nodes.map(({ state }) => state)
      const situation = { nodes: states(network.nodes), entries: states(network.entries), faults: init.faults, keep }
      const planned = planFault(random, situation)
      if (planned === undefined) idleBeats += 1
      else applyFault(planned, { network, run })
    }
  }
  await Promise.all([sender(), breaker()])
  await Promise.all(sent)
  return { idleBeats }
}

export interface Killer {
  /** Processes that were killed so far. */
  readonly kills: number
  /** Streams that have lost their node so far. */
  readonly cuts: number
  /** Sends so many requests at the same time, and kills the node of each streaming one in mid-stream. */
  round(streams: number): Promise<void>
}

export interface KillerInit {
  /** A node that was killed comes back after that time. */
  readonly downMs: number
}

/** Where in its stream a request loses its node, as a share of the events of the right answer. */
const LATEST_CUT = 0.8
const READY_TIMEOUT_MS = 60_000

/** Every streaming request loses its node at a point that chance has chosen; the others of that node lose it as well. */
export function createKiller({ network, run, requests, random, keep }: ModeParts, { downMs }: KillerInit): Killer {
  const ready = (): readonly ChaosNode[] => network.nodes.filter(({ state }) => state === 'ready')
  let kills = 0
  let cuts = 0
  let next = 0

  function killAt(cutAt: number): Watch {
    let isDone = false
    return (events, name) => {
      if (isDone || events < cutAt) return
      isDone = true
      const node = ready().find((candidate) => candidate.name === name)
      // It is down already, by another stream's doing, or it is the last one.
      if (node === undefined || ready().length <= keep) return
      run.hit('kill', node)
      node.kill(downMs)
      kills += 1
    }
  }

  async function sendOne(): Promise<void> {
    const request = requests[next % requests.length]
    next += 1
    if (request === undefined) return
    const watch = request.kind.stream ? killAt(1 + Math.floor(random() * request.events * LATEST_CUT)) : undefined
    const { hits, tries } = await run.send(request, watch)
    if (hits.length > 0 || tries > 1) cuts += 1
  }

  return {
    get kills() {
      return kills
    },
    get cuts() {
      return cuts
    },
    async round(streams) {
      await poll('enough nodes are well', READY_TIMEOUT_MS, () => ready().length > keep)
      await Promise.all(Array.from({ length: streams }, sendOne))
    },
  }
}

async function until(run: Run, atMs: number): Promise<void> {
  const wait = atMs - run.now()
  if (wait > 0) await setTimeout(wait)
}
