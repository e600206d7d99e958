import { AppError } from '../../src/base/errors.ts'
import { createNodeHealth, HEALTH_DEFAULTS } from '../../src/federation/health/create-node-health.ts'
import { createNodeLimits, LIMITS_DEFAULTS } from '../../src/federation/node-limits.ts'
import { createForesight, FORESIGHT_DEFAULTS } from '../../src/federation/observed/create-foresight.ts'
import { createPlaces, type Place } from '../../src/federation/places.ts'
import type { Policy } from '../../src/federation/policies/choose.ts'
import type { Attempt, RoutedRequest } from '../../src/federation/routed-request.ts'
import { toAll } from '../../src/federation/routing-events.ts'
import { createHedgeBudget } from '../../src/federation/run/hedge-budget.ts'
import { createPaces } from '../../src/federation/run/paces.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimNode } from './sim-node.ts'
import type { Arrival } from './sim-traces.ts'

export interface Outcome {
  readonly firstTokenMs: number
  readonly endMs: number
  readonly cached: number
}

/** Whoever sends requests to nodes. */
export interface SimEntry {
  serve(arrival: Arrival, onDone: (outcome: Outcome) => void): void
  /** What the nodes tell has arrived. */
  heard(peers: readonly PeerView[]): void
  close(): void
  readonly hedges: number
}

export interface SimEntryDeps {
  readonly clock: SimClock
  readonly random: () => number
  readonly nodeOf: (peerId: string) => SimNode
}

const ONE_WAY_MS = 0.5

/** The program's own choosing, booking, waiting, learning and hedging; only the wire and the nodes are simulated. */
export function createOurEntry({ clock, random, nodeOf }: SimEntryDeps, policy: Policy): SimEntry {
  let peers: readonly PeerView[] = []
  let hedges = 0
  let count = 0
  const { now } = clock
  const foresight = createForesight({ now, peers: () => peers, self: 'entry' }, FORESIGHT_DEFAULTS)
  const health = createNodeHealth({ now }, HEALTH_DEFAULTS)
  const limits = createNodeLimits({ ...LIMITS_DEFAULTS, usual: 1.5 })
  const events = toAll([foresight, health, limits])
  const paces = createPaces()
  const budget = createHedgeBudget()
  const places = createPlaces(
    {
      network: { peerId: 'entry', name: 'entry', peers: () => peers },
      local: { serves: () => false, loaded: () => false, slots: 0 },
      ...{ policy, foresight, health, limits, events, now, random },
    },
    { group: '', requestsPerSlot: 1.5, queue: { maxLength: 1_000_000, maxWaitMs: 2_000_000_000 } },
  )

  /** A node at work on it. */
  function work(place: Place, { arrival, request, run }: Running): Track {
    const { peerId, name } = place.candidate
    const since = now()
    const note = (outcome: Attempt['outcome']): void => {
      const attempt = { peerId, name, outcome, ms: now() - since }
      run.attempts.push(attempt)
      events.tried(request, attempt)
    }
    const track: Track = {
      peerId,
      since,
      lose() {
        cancel()
        place.release()
        note('late')
      },
    }
    let firstBytesMs = 0
    const cancel = nodeOf(peerId).submit(arrival, {
      onFirstToken: ({ cached }) => {
        note('answered')
        firstBytesMs = now() - since
        run.won(track, cached)
      },
      onEnd({ generationMs }) {
        place.release()
        const tokens = Math.round(arrival.answer.tokens)
        const times = { ms: now() - arrival.at, firstBytesMs, tokens, generationMs }
        events.finished(request, { peerId, name, outcome: 'answered', status: 200, ...times })
        run.ended()
      },
    })
    return track
  }

  async function serve(arrival: Arrival, onDone: (outcome: Outcome) => void): Promise<void> {
    count += 1
    const request: RoutedRequest = {
      ...{ id: `r${count}`, method: 'POST', target: '/v1/chat/completions', headers: {}, body: arrival.body },
      ...{ model: 'm', capability: 'chat' },
    }
    const subject = { model: 'm', bodyBytes: arrival.body.length }
    const place = await places.book(request, { asked: new Map() })
    budget.earn()
    const tracks: Track[] = []
    let facts = { firstTokenMs: 0, cached: 0 }
    let stopHedge = (): void => {}
    const run: Run = {
      attempts: [],
      won(winner, cached) {
        stopHedge()
        paces.noteFirstToken(subject, now() - winner.since)
        facts = { firstTokenMs: now() - arrival.at + 2 * ONE_WAY_MS, cached }
        for (const track of tracks) if (track !== winner) track.lose()
        events.routed(request, { to: 'remote', attempts: run.attempts, ms: now() - arrival.at })
      },
      ended: () => onDone({ ...facts, endMs: now() - arrival.at + 2 * ONE_WAY_MS }),
    }
    tracks.push(work(place, { arrival, request, run }))
    const lateMs = paces.firstTokenLateMs(subject)
    if (lateMs === undefined) return
    stopHedge = clock.in(lateMs, () => {
      const asked = new Map(tracks.map(({ peerId }) => [peerId, 'never'] as const))
      const second = budget.spend() ? places.tryBook(request, { asked }) : undefined
      if (second === undefined) return
      hedges += 1
      tracks.push(work(second, { arrival, request, run }))
    })
  }

  return {
    serve: (arrival, onDone) => void serve(arrival, onDone).catch(() => {}),
    heard(next) {
      peers = next
      places.refresh()
    },
    close: () => places.close(new AppError('node.stopping', 'the simulation is over')),
    get hedges() {
      return hedges
    },
  }
}

interface Track {
  readonly peerId: string
  readonly since: number
  /** Another node was faster. */
  lose(): void
}

interface Run {
  readonly attempts: Attempt[]
  won(track: Track, cached: number): void
  ended(): void
}

interface Running {
  readonly arrival: Arrival
  readonly request: RoutedRequest
  readonly run: Run
}

/** Whom a plain balancer sends a request to; `ended` is told when an answer has ended. */
export interface PlainRule {
  choose(nodes: readonly SimNode[], arrival: Arrival, random: () => number): SimNode | undefined
  ended?(node: SimNode): void
}

/** A balancer that sends at once and never looks again. */
export function createPlainEntry({ clock, random, nodeOf }: SimEntryDeps, rule: PlainRule): SimEntry {
  let nodes: readonly SimNode[] = []
  return {
    hedges: 0,
    heard(peers) {
      nodes = peers.filter(({ state }) => state === 'linked').map(({ record }) => nodeOf(record.peerId))
    },
    serve(arrival, onDone) {
      const node = rule.choose(nodes, arrival, random)
      if (node === undefined) return
      let facts = { firstTokenMs: 0, cached: 0 }
      const since = (): number => clock.now() - arrival.at + 2 * ONE_WAY_MS
      node.submit(arrival, {
        onFirstToken: ({ cached }) => {
          facts = { firstTokenMs: since(), cached }
        },
        onEnd() {
          rule.ended?.(node)
          onDone({ ...facts, endMs: since() })
        },
      })
    },
    close() {},
  }
}

/**
 * LocalAI's `federated` (core/p2p/federated.go of v4.9.0): a count of finished connections for each node, and a search for
 * the least in which a zero is never the least but where it stands last. Go's maps are walked from a random place.
 */
export function localAiRule(): PlainRule {
  const counts = new Map<SimNode, number>()
  return {
    choose(nodes, _arrival, random) {
      for (const node of nodes) if (!counts.has(node)) counts.set(node, 0)
      const start = Math.floor(random() * nodes.length)
      let least = 0
      let found: SimNode | undefined
      for (const [at] of nodes.entries()) {
        const node = nodes[(start + at) % nodes.length]
        const count = node === undefined ? 0 : (counts.get(node) ?? 0)
        if (least !== 0 && count >= least) continue
        least = count
        found = node
      }
      return found
    },
    ended: (node) => void counts.set(node, (counts.get(node) ?? 0) + 1),
  }
}

export function randomRule(): PlainRule {
  return { choose: (nodes, _arrival, random) => nodes[Math.floor(random() * nodes.length)] }
}

export function roundRobinRule(): PlainRule {
  let turn = 0
  return {
    choose(nodes) {
      turn += 1
      return nodes[turn % nodes.length]
    },
  }
}

/**
 * Knows every queue with all that is left to do in it, every cache, and who is frozen. How long an answer will be nobody
 * knows; `clairvoyant` does.
 */
export function oracleRule(clairvoyant: boolean, meanTokens: number): PlainRule {
  return {
    choose(nodes, { prompt, answer }) {
      const arrival = { prompt, answer: clairvoyant ? answer : { ...answer, tokens: meanTokens } }
      let best: SimNode | undefined
      let bestMs = Number.POSITIVE_INFINITY
      for (const node of nodes) {
        const etaMs = node.etaMs(arrival)
        if (best !== undefined && etaMs >= bestMs) continue
        best = node
        bestMs = etaMs
      }
      return best
    },
  }
}
