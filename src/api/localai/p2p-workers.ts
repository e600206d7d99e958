import { Type } from 'typebox'
import type { LendingStatus } from '../../workers/lease/create-lender.ts'
import type { WorkerView } from '../../workers/worker-pool.ts'
import { isOnline, type Member } from './p2p-nodes.ts'

/** What an operator may change of what this node lends; src/compose brings the rest. */
export interface LendingChange {
  readonly enabled?: boolean
  /** `8GB`; an empty text: a share of what is free. */
  readonly memory?: string
  /** 0: all cores. */
  readonly threads?: number
  readonly to?: readonly string[]
}

/** Lending and borrowing memory, for the routes that show it. */
export interface WorkersSeen {
  /** The workers that this node can borrow. */
  list(): readonly WorkerView[]
  lending(): LendingStatus
  /** Throws `config.invalid`. */
  change(change: LendingChange): Promise<void>
}

const Bytes = Type.Number()
const Moved = {
  bytesIn: Bytes,
  bytesOut: Bytes,
  roundTrips: Type.Integer(),
  weightBytes: Bytes,
  cachedWeightBytes: Bytes,
}
const Use = Type.Object({
  model: Type.String(),
  memoryBytes: Bytes,
  layers: Type.Optional(Type.Integer()),
  since: Type.String(),
  ...Moved,
})
const User = Type.Object({
  name: Type.String(),
  id: Type.String(),
  model: Type.String(),
  memoryBytes: Bytes,
  since: Type.String(),
  ...Moved,
})
const Speeds = Type.Record(Type.String(), Type.Number())

/** LocalAI's fields of a node, and behind them what a worker lends and who has it. */
export const Worker = Type.Object({
  name: Type.String(),
  id: Type.String(),
  tunnelAddress: Type.String(),
  serviceID: Type.String(),
  lastSeen: Type.String(),
  isOnline: Type.Boolean(),
  peerID: Type.String(),
  device: Type.String(),
  memory: Bytes,
  busy: Type.Boolean(),
  waiting: Type.Integer(),
  build: Type.String(),
  protocol: Type.String(),
  weightBytesPerSecond: Speeds,
  roundTripMs: Type.Union([Type.Number(), Type.Null()]),
  path: Type.Enum(['direct', 'relayed', 'self']),
  unusable: Type.Optional(Type.String({ description: 'Why this node cannot use it' })),
  use: Type.Optional(Use),
  user: Type.Optional(User),
})

export const Lending = Type.Object({
  enabled: Type.Boolean(),
  lends: Type.Boolean(),
  because: Type.Optional(Type.String({ description: 'Why nothing can be lent now' })),
  memory: Bytes,
  device: Type.String(),
  threads: Type.Integer(),
  to: Type.Array(Type.String()),
  user: Type.Optional(User),
  waiting: Type.Array(Type.Object({ id: Type.String(), model: Type.String(), since: Type.String() })),
  cache: Type.Object({ bytes: Bytes, pieces: Type.Integer() }),
})

/** Members that lend, this node among them, and servers given by hand; sorted by id as LocalAI sorts its lists. */
export function listWorkers(members: readonly Member[], seen: WorkersSeen | undefined, now: number) {
  const views = seen?.list() ?? []
  const byPeer = new Map(views.map((view) => [view.peerId, view]))
  const known = new Set(members.map(({ peerId }) => peerId))
  const lending = members.flatMap((member) => {
    const { lends } = member.offer
    if (lends === undefined) return []
    const { peerId, name, path, roundTripMs, lastSeenUnixMs } = member
    const user = path === 'self' ? toUser(seen?.lending()) : {}
    const place = { path, roundTripMs, isOnline: isOnline(member), lastSeen: iso(lastSeenUnixMs) }
    return [{ ...toWorker({ ...lends, peerId, name }, place), ...toUse(byPeer.get(peerId)), ...user }]
  })
  const servers = views
    .filter(({ peerId }) => !known.has(peerId))
    .map((view) => {
      const { roundTripMs = null, path } = view
      return { ...toWorker(view, { path, roundTripMs, isOnline: true, lastSeen: iso(now) }), ...toUse(view) }
    })
  return [...lending, ...servers].sort((one, other) => (one.id < other.id ? -1 : 1))
}

interface Place {
  readonly path: Member['path']
  readonly roundTripMs: number | null
  readonly isOnline: boolean
  readonly lastSeen: string
}

function toWorker(lent: Omit<WorkerView, 'path' | 'roundTripMs' | 'use' | 'unusable'>, place: Place) {
  const { peerId, name, device, memoryBytes, busy, waiting, build, protocol, weightBytesPerSecond } = lent
  return {
    ...{ name, id: peerId, tunnelAddress: '', serviceID: name, peerID: peerId, ...place },
    ...{ device, memory: memoryBytes, busy, waiting, build, protocol, weightBytesPerSecond },
  }
}

function toUse(view: WorkerView | undefined) {
  if (view === undefined) return {}
  const { use, unusable } = view
  return {
    ...(unusable === undefined ? {} : { unusable }),
    ...(use === undefined ? {} : { use: withTime(use) }),
  }
}

function toUser(status: LendingStatus | undefined) {
  if (status?.lease === undefined) return {}
  const { peerId, ...lease } = status.lease
  return { user: { id: peerId, ...withTime(lease) } }
}

/** What this node lends, as `GET /api/p2p/lending` says it. */
export function toLending(status: LendingStatus) {
  const { rules, lends, because, waiting, cache } = status
  return {
    enabled: rules.enabled,
    lends: lends !== undefined,
    ...(because === undefined ? {} : { because }),
    memory: lends?.memoryBytes ?? 0,
    device: lends?.device ?? '',
    threads: rules.threads,
    to: [...rules.to],
    ...toUser(status),
    waiting: waiting.map(({ peerId, model, sinceUnixMs }) => ({ id: peerId, model, since: iso(sinceUnixMs) })),
    cache: cache ?? { bytes: 0, pieces: 0 },
  }
}

function withTime<T extends { readonly sinceUnixMs: number }>({ sinceUnixMs, ...rest }: T) {
  return { ...rest, since: iso(sinceUnixMs) }
}

function iso(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
