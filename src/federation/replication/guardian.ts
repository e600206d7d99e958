import type { Startable } from '../../base/lifecycle.ts'
import type { Network, PeerView } from '../../p2p/network.ts'

/** A request to be made again: the same one gives the same answer, under the same id. */
export interface RepeatableRequest {
  /** Path and query. */
  readonly target: string
  /** JSON. */
  readonly body: string
  /** `STAMP_HEADER`'s text. */
  readonly stamp: string
}

/** What another node works on, and this one would go on with. */
export interface Ward {
  readonly id: string
  readonly owner: string | null
  readonly home: string
  /** Of the home's process (`NodeRecord.incarnation`): a later one has forgotten its work. */
  readonly incarnation: number
  readonly request: RepeatableRequest
}

export interface GuardianDeps {
  readonly network: Pick<Network, 'peers' | 'onChange'>
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Called once for each, and never before its time. */
  readonly takeOver: (ward: Ward) => void
}

export interface GuardianInit {
  /** So long a home may be gone before its work is taken over: it may only have lost a connection. */
  readonly afterMs: number
  readonly maxWards: number
  /** Characters of all requests together. */
  readonly maxLength: number
}

/** Watches over what other nodes have begun. */
export interface Guardian extends Startable {
  /** False: there are too many. */
  add(ward: Ward): boolean
  /** It is finished, or somebody else's. */
  release(id: string): void
}

interface Entry {
  readonly ward: Ward
  goneSince: number | undefined
}

export function createGuardian({ network, now, takeOver }: GuardianDeps, init: GuardianInit): Guardian {
  const entries = new Map<string, Entry>()
  let length = 0
  let endWatch: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined

  function release(id: string): void {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    length -= entry.ward.request.body.length
  }

  function look(): void {
    clearTimeout(timer)
    // With many members something changes all the time.
    if (entries.size === 0) return
    const at = now()
    const views = new Map(network.peers().map((view) => [view.record.peerId, view]))
    let nextMs = Number.POSITIVE_INFINITY
    for (const entry of entries.values()) {
      const state = stateOf(entry.ward, views.get(entry.ward.home))
      entry.goneSince = state === 'there' ? undefined : (entry.goneSince ?? at)
      const leftMs = dueInMs(state, at - (entry.goneSince ?? at), init.afterMs)
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs)
      else {
        release(entry.ward.id)
        takeOver(entry.ward)
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) timer = setTimeout(look, nextMs).unref()
  }

  return {
    async start() {
      endWatch ??= network.onChange(look)
    },
    async stop() {
      endWatch?.()
      endWatch = undefined
      clearTimeout(timer)
      entries.clear()
      length = 0
    },
    add(ward) {
      release(ward.id)
      const { body } = ward.request
      if (entries.size >= init.maxWards || length + body.length > init.maxLength) return false
      entries.set(ward.id, { ward, goneSince: undefined })
      length += body.length
      look()
      return true
    },
    release,
  }
}

type HomeState = 'there' | 'gone' | 'born-again'

function stateOf({ incarnation }: Ward, view: PeerView | undefined): HomeState {
  if (view === undefined || view.state !== 'linked') return 'gone'
  return view.record.incarnation > incarnation ? 'born-again' : 'there'
}

/** How long until a home's work is taken over. Pure. */
export function dueInMs(state: HomeState, goneForMs: number, afterMs: number): number {
  if (state === 'there') return Number.POSITIVE_INFINITY
  return state === 'born-again' ? 0 : Math.max(0, afterMs - goneForMs)
}
