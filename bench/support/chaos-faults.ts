import type { ChaosNetwork, ChaosNode, NodeState } from './chaos-network.ts'
import type { Run } from './chaos-run.ts'

export const FAULTS = ['kill', 'freeze', 'unplug', 'slow', 'restart', 'entry'] as const
export type Fault = (typeof FAULTS)[number]

export interface PlannedFault {
  readonly fault: Fault
  /** Which of the nodes, or of the entries. */
  readonly index: number
  readonly durationMs: number
  /** Of an entry: at once, or after it was asked. */
  readonly isSudden: boolean
}

interface Situation {
  readonly nodes: readonly NodeState[]
  readonly entries: readonly NodeState[]
  readonly faults: readonly Fault[]
  /** So many nodes, and one entry, stay as they are. */
  readonly keep: number
}

/** Shortest and longest, in milliseconds. */
const DURATIONS: Readonly<Record<Fault, readonly [number, number]>> = {
  kill: [0, 2000],
  freeze: [1000, 6000],
  unplug: [1000, 8000],
  slow: [4000, 8000],
  restart: [0, 0],
  entry: [0, 1000],
}

/** The next fault, by chance; undefined when everything that may be hurt has trouble already. Pure. */
export function planFault(random: () => number, situation: Situation): PlannedFault | undefined {
  const { nodes, entries, faults, keep } = situation
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  const readyNodes = readyOf(nodes)
  const readyEntries = readyOf(entries)
  const possible = faults.filter((fault) =>
    fault === 'entry' ? readyEntries.length > 1 && readyEntries.length === entries.length : readyNodes.length > keep,
  )
  const fault = pick(possible)
  if (fault === undefined) return undefined
  const index = pick(fault === 'entry' ? readyEntries : readyNodes)
  if (index === undefined) return undefined
  const [shortest, longest] = DURATIONS[fault]
  return { fault, index, durationMs: shortest + random() * (longest - shortest), isSudden: random() < 0.5 }
}

function readyOf(states: readonly NodeState[]): readonly number[] {
  return [...states.entries()].filter(([, state]) => state === 'ready').map(([index]) => index)
}

/** Does it, and notes it. */
export function applyFault({ fault, index, durationMs, isSudden }: PlannedFault, on: FaultTarget): void {
  const victim = (fault === 'entry' ? on.network.entries : on.network.nodes)[index]
  if (victim === undefined) return
  on.run.hit(fault, victim)
  DEEDS[fault](victim, durationMs, isSudden)
}

interface FaultTarget {
  readonly network: ChaosNetwork
  readonly run: Run
}

type Deed = (node: ChaosNode, durationMs: number, isSudden: boolean) => void

const DEEDS: Readonly<Record<Fault, Deed>> = {
  kill: (node, durationMs) => node.kill(durationMs),
  freeze: (node, durationMs) => node.freeze(durationMs),
  unplug: (node, durationMs) => node.unplug(durationMs),
  slow: (node, durationMs) => node.slow(durationMs),
  restart: (node) => node.restart(),
  entry: (node, durationMs, isSudden) => (isSudden ? node.kill(durationMs) : node.restart()),
}
