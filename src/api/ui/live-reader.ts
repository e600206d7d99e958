import type { LiveNode, LiveUpdate, RequestSummary } from './event-schema.ts'
import type { NetworkPicture, PictureChanges } from './network-picture.ts'

/** What everybody can be told of now. */
export interface LiveState {
  readonly picture: NetworkPicture
  readonly version: string
  /** How this program is started. */
  readonly program: string
  readonly self: () => string | undefined
  readonly standing: () => NonNullable<LiveUpdate['standing']> | undefined
  readonly requests: () => readonly RequestSummary[]
  readonly operations: () => NonNullable<LiveUpdate['operations']>
}

export interface LiveChanges extends PictureChanges {
  readonly standing: boolean
  readonly requests: readonly RequestSummary[]
  readonly operations: boolean
}

/** Requests that are kept for a reader who is behind; beyond it the oldest are left out, as they are in its list. */
const MAX_REQUESTS = 300

/** One who reads. What is new is remembered by name and told as it is when the reader comes for it: nothing piles up. */
export interface LiveReader {
  changed(changes: LiveChanges): void
  /** What is new since the last call; undefined: nothing. The first call gives everything. */
  take(): LiveUpdate | undefined
}

export function createLiveReader(state: LiveState, { manages }: { readonly manages: boolean }): LiveReader {
  let fresh = true
  /** Nodes that the reader has been told of. */
  let known = new Set<string>()
  const told = new Set<string>()
  const moved = new Set<string>()
  const gone = new Set<string>()
  const requests = new Map<string, RequestSummary>()
  let standing = false
  let operations = false

  function everything(): LiveUpdate {
    const { picture, version, program } = state
    const self = state.self()
    const nodes = picture.ids().flatMap(visible)
    known = new Set(nodes.map(({ id }) => id))
    return {
      reset: { version, program, ...(self === undefined ? {} : { self }), manages },
      nodes,
      ...(manages ? { ...standingNow(), requests: [...state.requests()], operations: [...state.operations()] } : {}),
    }
  }

  /** Whoever does not manage this node sees what `/api/p2p/federation` shows: nodes that serve. */
  function visible(id: string): readonly LiveNode[] {
    const node = state.picture.node(id)
    return node !== undefined && (manages || node.serves) ? [node] : []
  }

  function standingNow(): Pick<LiveUpdate, 'standing'> {
    const now = state.standing()
    return now === undefined ? {} : { standing: now }
  }

  function news(): LiveUpdate {
    const nodes = [...told].flatMap(visible)
    const shown = new Set(nodes.map(({ id }) => id))
    // One that serves no more is gone for those who see only such.
    const left = [...told, ...gone].filter((id) => known.has(id) && !shown.has(id))
    for (const id of shown) known.add(id)
    for (const id of left) known.delete(id)
    const figures = [...moved].flatMap((id) =>
      known.has(id) && !shown.has(id) ? (state.picture.figures(id) ?? []) : [],
    )
    return {
      ...(nodes.length === 0 ? {} : { nodes }),
      ...(figures.length === 0 ? {} : { figures }),
      ...(left.length === 0 ? {} : { gone: left }),
      ...(standing ? standingNow() : {}),
      ...(requests.size === 0 ? {} : { requests: [...requests.values()] }),
      ...(operations ? { operations: [...state.operations()] } : {}),
    }
  }

  function clear(): void {
    for (const kept of [told, moved, gone, requests]) kept.clear()
    standing = false
    operations = false
    fresh = false
  }

  return {
    changed(changes) {
      if (fresh) return
      for (const id of changes.told) {
        told.add(id)
        gone.delete(id)
      }
      for (const id of changes.moved) moved.add(id)
      for (const id of changes.gone) gone.add(id)
      if (!manages) return
      standing ||= changes.standing
      operations ||= changes.operations
      for (const request of changes.requests) {
        const key = keyOf(request)
        requests.delete(key)
        requests.set(key, request)
        const [oldest] = requests.keys()
        if (requests.size > MAX_REQUESTS && oldest !== undefined) requests.delete(oldest)
      }
    },
    take() {
      const update = fresh ? everything() : news()
      clear()
      return Object.keys(update).length === 0 ? undefined : update
    },
  }
}

/** Clients choose ids, and two requests may have the same one. */
export function keyOf({ id, startedAt }: Pick<RequestSummary, 'id' | 'startedAt'>): string {
  return `${startedAt} ${id}`
}
