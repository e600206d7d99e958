import type { Logger } from '../../telemetry/logger.ts'
import type { PeerView } from '../network.ts'
import type { Link } from './link.ts'
import { createLiveness, type LivenessInit, type Transition } from './liveness.ts'
import type { NodeLoad } from './node-record.ts'
import { createPeerTable, type PeerTable } from './peer-table.ts'
import type { RecordStore } from './record-store.ts'

export interface MembersDeps {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly store: RecordStore
  readonly linkOf: (peerId: string) => Link | undefined
  readonly onSilent: (peerId: string) => void
  readonly onGone: (peerId: string) => void
}

/** Joins what is known of each member (record, link, load, liveness) into what the node sees. */
export interface Members extends Pick<PeerTable, 'peers' | 'onChange'> {
  opened(peerId: string): void
  /** Anything came from the peer, whatever it was. Cheap: for every piece that arrives, of strangers too. */
  heard(peerId: string): void
  closed(peerId: string): void
  left(peerId: string): void
  tick(): void
  /** Its record or its link changed, or a heartbeat came. */
  refresh(peerId: string, load?: NodeLoad): void
  isLinked(peerId: string): boolean
}

const NO_LOAD: NodeLoad = { running: 0, queued: 0, memoryFreeBytes: 0 }

export function createMembers(deps: MembersDeps, init: LivenessInit): Members {
  const { log, store } = deps
  const liveness = createLiveness(init)
  const table = createPeerTable({ log })
  const heardAt = new Map<string, { readonly unixMs: number; readonly nowMs: number }>()

  function noteHeard(peerId: string, nowMs: number): void {
    heardAt.set(peerId, { unixMs: Date.now(), nowMs })
  }

  function refresh(peerId: string, load?: NodeLoad): void {
    const state = liveness.stateOf(peerId)
    const record = store.linkedOf(peerId)?.record
    if (state === undefined || record === undefined) return
    const before = table.get(peerId)
    const link = deps.linkOf(peerId)
    const view: PeerView = {
      record,
      state,
      load: withPrefixes(load, before?.load),
      path: pathOf(link) ?? before?.path ?? 'direct',
      roundTripMs: link?.roundTripMs ?? before?.roundTripMs,
      lastSeenUnixMs: heardAt.get(peerId)?.unixMs ?? Date.now(),
    }
    table.set(peerId, view)
  }
  function apply(transitions: readonly Transition[]): void {
    for (const { peerId, to } of transitions) {
      const peer = { peer: peerId, node: store.linkedOf(peerId)?.record.name ?? table.get(peerId)?.record.name }
      if (to === 'gone') {
        heardAt.delete(peerId)
        table.delete(peerId)
        log.info(peer, 'a node is gone')
        deps.onGone(peerId)
        continue
      }
      refresh(peerId)
      if (to === 'linked') {
        log.info(peer, 'a node is there')
      } else {
        log.warn(peer, 'a node is silent')
        deps.onSilent(peerId)
      }
    }
  }
  return {
    opened(peerId) {
      const now = performance.now()
      noteHeard(peerId, now)
      apply(liveness.opened(peerId, now))
    },
    heard(peerId) {
      const last = heardAt.get(peerId)
      if (last === undefined) return
      const now = performance.now()
      // Judged once a tick, so more is not worth knowing.
      if (now - last.nowMs < init.tickMs) return
      noteHeard(peerId, now)
      apply(liveness.heard(peerId, now))
    },
    closed: (peerId) => apply(liveness.closed(peerId, performance.now())),
    left: (peerId) => apply(liveness.left(peerId)),
    tick: () => apply(liveness.tick(performance.now())),
    refresh,
    isLinked: (peerId) => liveness.stateOf(peerId) === 'linked',
    peers: table.peers,
    onChange: table.onChange,
  }
}

/** A load that tells of no prefixes leaves those that were told before. */
function withPrefixes(load: NodeLoad | undefined, before: NodeLoad = NO_LOAD): NodeLoad {
  if (load === undefined || load.prefixes !== undefined || before.prefixes === undefined) return load ?? before
  return { ...load, prefixes: before.prefixes }
}

function pathOf(link: Link | undefined): PeerView['path'] | undefined {
  if (link === undefined) return undefined
  return link.connection.direct ? 'direct' : 'relayed'
}
