import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Explainer } from '../../federation/explain/create-explainer.ts'
import type { RequestSummary as ToldRequest } from '../../federation/explain/explanation.ts'
import type { Jobs } from '../../gallery/jobs/create-jobs.ts'
import type { Drain } from '../localai/drain.ts'
import { toOperation } from '../localai/job-status.ts'
import { listMembers, type PeerToPeer } from '../localai/p2p-nodes.ts'
import type { LiveUpdate, RequestSummary, Standing } from './event-schema.ts'
import { createLiveReader, keyOf, type LiveReader, type LiveState } from './live-reader.ts'
import { createNetworkPicture } from './network-picture.ts'

/** What a page can watch; what is absent does not change. */
export interface LiveFeedDeps {
  readonly p2p?: PeerToPeer | undefined
  readonly explainer?: Pick<Explainer, 'list'> | undefined
  readonly drain?: Drain | undefined
  readonly jobs?: Pick<Jobs, 'list'> | undefined
}

export interface LiveFeedInit {
  readonly version: string
  readonly program: string
  /** How often it is looked for news while somebody watches. */
  readonly intervalMs: number
  readonly maxReaders: number
}

export const LIVE_FEED_DEFAULTS = { intervalMs: 500, maxReaders: 64 } as const

/** In the list that a new reader gets. */
const FIRST_REQUESTS = 200
/** Looked at for news: all that are remembered. */
const REQUESTS = 1000

/**
 * What happens on this node and in its network, for pages. While nobody watches nothing is done; one look a moment serves
 * all who do.
 */
export interface LiveFeed {
  /**
   * From now on, until the signal aborts or the reader leaves. Pulled: who reads slowly is told less often, of what is
   * then. Throws `node.overloaded` when too many watch.
   */
  watch(reader: { readonly manages: boolean }, options?: AbortOptions): AsyncIterable<LiveUpdate>
}

interface Watching {
  readonly reader: LiveReader
  wake: () => void
}

export function createLiveFeed(deps: LiveFeedDeps, init: LiveFeedInit): LiveFeed {
  const watching = new Set<Watching>()
  const source = createSource(deps, init)
  let timer: ReturnType<typeof setInterval> | undefined

  function look(): void {
    const changes = source.look()
    for (const one of watching) {
      one.reader.changed(changes)
      one.wake()
    }
  }

  function enter(one: Watching): void {
    // The first one starts from what is now, not from what was when the last one left.
    if (watching.size === 0) source.look()
    watching.add(one)
    timer ??= setInterval(look, init.intervalMs).unref()
  }

  function leave(one: Watching): void {
    watching.delete(one)
    if (watching.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  async function* read(manages: boolean, signal: AbortSignal | undefined): AsyncGenerator<LiveUpdate, void> {
    const one: Watching = { reader: createLiveReader(source.state, { manages }), wake: () => {} }
    const onAbort = (): void => one.wake()
    enter(one)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      while (signal?.aborted !== true) {
        const update = one.reader.take()
        if (update !== undefined) yield update
        else {
          await new Promise<void>((resolve) => {
            one.wake = resolve
          })
        }
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      leave(one)
    }
  }

  return {
    watch({ manages }, { signal } = {}) {
      if (watching.size >= init.maxReaders) throw new AppError('node.overloaded', 'too many pages watch this node')
      return read(manages, signal)
    },
  }
}

function createSource(
  { p2p, explainer, drain, jobs }: LiveFeedDeps,
  { version, program }: Pick<LiveFeedInit, 'version' | 'program'>,
) {
  const picture = createNetworkPicture()
  let known = new Map<string, string>()
  let standing = ''
  let operations = ''

  function requestsSince(): readonly RequestSummary[] {
    const now = listRequests(REQUESTS)
    const signs = new Map(now.map((request) => [keyOf(request), signOf(request)]))
    const changed = now.filter((request) => known.get(keyOf(request)) !== signOf(request))
    known = signs
    return changed
  }

  /** Oldest first. */
  function listRequests(limit: number): readonly RequestSummary[] {
    return (explainer?.list({ limit }) ?? []).map(toRequest).reverse()
  }

  const state: LiveState = {
    picture,
    version,
    program,
    self: () => p2p?.status().peerId,
    standing: () => (p2p === undefined ? undefined : standingOf(p2p, drain)),
    requests: () => listRequests(FIRST_REQUESTS),
    operations: () =>
      (jobs?.list() ?? []).filter(({ state: at }) => at !== 'done' && at !== 'cancelled').map(toOperation),
  }

  return {
    state,
    look() {
      const members = p2p === undefined ? [] : listMembers(p2p, Date.now())
      const before = { standing, operations }
      standing = JSON.stringify(state.standing() ?? null)
      operations = JSON.stringify(state.operations())
      return {
        ...picture.look(members),
        standing: standing !== before.standing,
        requests: requestsSince(),
        operations: operations !== before.operations,
      }
    },
  }
}

function standingOf(p2p: PeerToPeer, drain: Drain | undefined): Standing {
  const { networkId, addresses, findings } = p2p.status()
  return {
    networkId,
    addresses: [...addresses],
    findings: [...findings],
    ...(drain === undefined ? {} : { drain: { draining: drain.draining, running: drain.running() } }),
  }
}

/** With the time as others of our routes write times. */
function toRequest({ startedUnixMs, ...rest }: ToldRequest): RequestSummary {
  return { ...rest, startedAt: new Date(startedUnixMs).toISOString() }
}

function signOf({ state, node, tries, hedges, seams, firstBytesMs }: RequestSummary): string {
  return [state, node?.peerId, tries, hedges, seams, firstBytesMs === undefined].join(' ')
}
