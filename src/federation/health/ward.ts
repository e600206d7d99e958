import { type NodeHealth, TRUSTED } from './node-health.ts'
import {
  type At,
  ejected,
  type HealthRules,
  isProbing,
  looksSick,
  type NodeEvent,
  type NodeState,
  newNode,
  noted,
  probeDue,
  returned,
  shareOf,
  withProbe,
} from './node-state.ts'

export interface WardDeps {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  readonly events: Partial<NodeHealthEvents>
  /** A node is trusted anew: how slow it was lately is not held against it. */
  readonly onFreshStart: (peerId: string) => void
  readonly onForgotten: (peerId: string) => void
}

/** For the log and the metrics. */
export interface NodeHealthEvents {
  nodeEjected(event: { readonly peerId: string; readonly why: 'failing' | 'slow'; readonly forMs: number }): void
  nodeReturned(event: { readonly peerId: string }): void
  /** Too many look sick to believe it: all are asked again. And when that is over. */
  panic(event: { readonly on: boolean; readonly sick: number; readonly present: number }): void
}

export interface WardInit {
  readonly rules: HealthRules
  /** The part of the nodes that may be out at the same time; one stays in any case. More that look sick: panic. */
  readonly maxEjectedShare: number
  /** Nodes that are met this soon after the start were there before this node, so they are no newcomers. */
  readonly settleMs: number
  /** A node that was away for less than this goes on where it was. */
  readonly awayMs: number
}

/** All nodes together: how many may be out, and when so many look sick that it must be something else. */
export interface Ward extends NodeHealth {
  note(peerId: string, event: NodeEvent): void
  /** Whether it was among those that are present. */
  isThere(peerId: string): boolean
}

interface Known {
  state: NodeState
  sick: boolean
  /** Undefined while it is there. */
  awaySince: number | undefined
}

/** Nodes that are not there any more are remembered up to this many. */
const MAX_AWAY = 256

export function createWard({ now, events, onFreshStart, onForgotten }: WardDeps, init: WardInit): Ward {
  const { rules } = init
  const nodes = new Map<string, Known>()
  const startedAt = now()
  let presentCount = 0
  let panic = false

  const at = (): At => ({ now: now(), rules })
  /** Who is out because it looked sick still does, until a probe tells otherwise. */
  const isSick = (state: NodeState): boolean => state.phase.kind === 'ejected' || looksSick(state, at())

  function mayEject(): boolean {
    const most = Math.min(presentCount - 1, Math.floor(presentCount * init.maxEjectedShare))
    return countThere(nodes, ({ state }) => state.phase.kind === 'ejected') < most
  }

  function lookAround(): void {
    const sick = countThere(nodes, (node) => node.sick)
    const on = sick > presentCount * init.maxEjectedShare
    if (on !== panic) events.panic?.({ on, sick, present: presentCount })
    panic = on
  }

  function change(node: Known, state: NodeState): void {
    const sick = isSick(state)
    const looksOther = sick !== node.sick
    node.state = state
    node.sick = sick
    if (looksOther) lookAround()
  }

  function beginAnew(peerId: string, node: Known): void {
    onFreshStart(peerId)
    change(node, returned(node.state, now()))
  }

  function takeOut(peerId: string, node: Known, state: NodeState): void {
    const out = ejected(state, at())
    change(node, out)
    const forMs = Math.round(out.phase.until - now())
    events.nodeEjected?.({ peerId, why: state.slow ? 'slow' : 'failing', forMs })
  }

  function arrive(peerId: string): void {
    const node = nodes.get(peerId)
    if (node === undefined) {
      const state = newNode(now(), { rising: now() - startedAt >= init.settleMs })
      nodes.set(peerId, { state, sick: false, awaySince: undefined })
    } else if (node.awaySince !== undefined) {
      const long = now() - node.awaySince >= init.awayMs
      node.awaySince = undefined
      if (long && node.state.phase.kind !== 'ejected') beginAnew(peerId, node)
    }
  }

  return {
    note(peerId, event) {
      const node = nodes.get(peerId)
      if (node === undefined) return
      const { state } = node
      if (state.phase.kind !== 'ejected') {
        const next = noted(state, event, at())
        if (looksSick(next, at()) && mayEject()) takeOut(peerId, node, next)
        else change(node, next)
        // What it was asked before it was out tells nothing new; a probe does, and so does whatever is asked in a panic.
      } else if (event === 'began' && (isProbing(state) || panic)) {
        beginAnew(peerId, node)
        events.nodeReturned?.({ peerId })
      } else if (event === 'unanswered' && isProbing(state)) takeOut(peerId, node, state)
    },
    isThere(peerId) {
      const node = nodes.get(peerId)
      return node !== undefined && node.awaySince === undefined
    },
    standingOf(peerId) {
      const node = nodes.get(peerId)
      if (node === undefined || panic) return TRUSTED
      const { kind } = node.state.phase
      if (kind === 'trusted') return TRUSTED
      return { ejected: kind === 'ejected', share: shareOf(node.state, at()) }
    },
    probeDue(peerId) {
      const node = nodes.get(peerId)
      return node !== undefined && !panic && probeDue(node.state, at())
    },
    booked(peerId) {
      const node = nodes.get(peerId)
      if (node !== undefined && probeDue(node.state, at())) node.state = withProbe(node.state, now())
    },
    present(peerIds) {
      for (const peerId of peerIds) arrive(peerId)
      for (const [peerId, node] of nodes) {
        if (!peerIds.has(peerId)) node.awaySince ??= now()
        // What looked sick a while ago, and was asked nothing since, does not any more.
        node.sick = isSick(node.state)
      }
      presentCount = peerIds.size
      for (const peerId of longestAway(nodes)) {
        nodes.delete(peerId)
        onForgotten(peerId)
      }
      lookAround()
    },
  }
}

function countThere(nodes: ReadonlyMap<string, Known>, counts: (node: Known) => boolean): number {
  let count = 0
  for (const node of nodes.values()) if (node.awaySince === undefined && counts(node)) count += 1
  return count
}

/** Those beyond `MAX_AWAY`. */
function longestAway(nodes: ReadonlyMap<string, Known>): readonly string[] {
  const away = [...nodes].flatMap(([peerId, { awaySince }]) => (awaySince === undefined ? [] : [{ peerId, awaySince }]))
  if (away.length <= MAX_AWAY) return []
  away.sort((left, right) => left.awaySince - right.awaySince)
  return away.slice(0, away.length - MAX_AWAY).map(({ peerId }) => peerId)
}
