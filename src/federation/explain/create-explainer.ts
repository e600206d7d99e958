import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents } from '../routing-events.ts'
import { createAudience } from './audience.ts'
import type { Explanation, NodeName, RequestOutcome, RequestSummary } from './explanation.ts'
import {
  beginStory,
  type RequestStory,
  tellConsidered,
  tellFinished,
  tellHedged,
  tellRouted,
  tellSeam,
  tellTried,
  weightOf,
} from './request-story.ts'
import { toExplanation, toSummary } from './to-explanation.ts'

/** Who wants to know of whole stories rather than of single events. What they throw harms nobody. */
export interface StoryListener {
  /** It is the first that is heard of it. */
  came?(story: RequestStory): void
  /** It was handed over, or refused. */
  routed?(story: RequestStory): void
  /** Nothing more comes of it. */
  ended?(story: RequestStory): void
}

export interface ExplainerDeps {
  readonly self: NodeName
  /** The router's clock: milliseconds since some moment. */
  readonly now: () => number
  readonly unixNow: () => number
  readonly listeners: readonly StoryListener[]
}

export interface ExplainerInit {
  /** Requests that are remembered. */
  readonly maxRequests: number
  /** Candidates, tries and seams of all of them together: the oldest requests are forgotten beyond it. */
  readonly maxWeight: number
  /** Who may listen at the same time. */
  readonly maxWatchers: number
}

export const EXPLAINER_DEFAULTS: ExplainerInit = { maxRequests: 1000, maxWeight: 20_000, maxWatchers: 16 }

export interface RequestFilter {
  readonly model?: string | undefined
  /** Name or peer id of a node that answered it, or was asked. */
  readonly node?: string | undefined
  readonly outcome?: RequestOutcome | undefined
  /** Those that came then or later. */
  readonly sinceUnixMs?: number | undefined
  readonly limit: number
}

/** What a node knows of a request that it has served itself. */
export interface ServedHere {
  readonly id: string
  readonly completionTokens: number
  /** Since its work began. */
  readonly firstTokenMs?: number
  readonly generationMs?: number
}

/**
 * Remembers the last requests that came to this node: who could have served each of them, whom the policy chose, what was
 * tried, what went wrong and how long everything took. Measured by bench/forward.ts.
 */
export interface Explainer {
  /** To be given to the router. */
  readonly events: Partial<RoutingEvents>
  servedHere(event: ServedHere): void
  /**
   * The connection of the client is done with the request of this stamp (clients choose ids, and use one for several): `whole`
   * when all of the answer was written.
   */
  closed(stamp: string, event: { readonly status: number; readonly whole: boolean }): void
  /** Newest first. */
  list(filter: RequestFilter): readonly RequestSummary[]
  find(id: string): Explanation | undefined
  /**
   * Those that end from now on, until the signal aborts. A reader that does not keep up misses some. Throws
   * `node.overloaded` when too many listen.
   */
  watch(options?: AbortOptions): AsyncIterable<RequestSummary>
}

export function createExplainer({ self, now, unixNow, listeners }: ExplainerDeps, init: ExplainerInit): Explainer {
  const byRequest = new WeakMap<RoutedRequest, RequestStory>()
  /** In the order of their coming; those that have ended with their weight. */
  const kept = new Map<RequestStory, number>()
  const byId = new Map<string, RequestStory>()
  /** Those that have not ended, by their stamps: a request that is routed a second time has two. */
  const underway = new Map<string, readonly RequestStory[]>()
  const audience = createAudience<RequestSummary>({ maxMembers: init.maxWatchers })
  let weight = 0

  function storyOf(request: RoutedRequest): RequestStory {
    const known = byRequest.get(request)
    if (known !== undefined) return known
    const story = beginStory(request, { now: now(), unixMs: unixNow() })
    byRequest.set(request, story)
    kept.set(story, 0)
    byId.set(story.id, story)
    underway.set(story.stamp, [...(underway.get(story.stamp) ?? []), story])
    for (const listener of listeners) listener.came?.(story)
    if (kept.size > init.maxRequests) forgetOldest()
    return story
  }

  function forgetOldest(): void {
    const [oldest] = kept.keys()
    if (oldest === undefined) return
    weight -= kept.get(oldest) ?? 0
    kept.delete(oldest)
    leave(oldest)
    if (byId.get(oldest.id) === oldest) byId.delete(oldest.id)
  }

  function leave(story: RequestStory): void {
    const others = underway.get(story.stamp)?.filter((other) => other !== story) ?? []
    if (others.length === 0) underway.delete(story.stamp)
    else underway.set(story.stamp, others)
  }

  function ended(story: RequestStory): void {
    leave(story)
    if (kept.has(story)) {
      kept.set(story, weightOf(story))
      weight += weightOf(story)
    }
    while (weight > init.maxWeight && kept.size > 1) forgetOldest()
    for (const listener of listeners) listener.ended?.(story)
    if (audience.size > 0) audience.tell(toSummary(story))
  }

  return {
    events: {
      considered: (request, event) => tellConsidered(storyOf(request), event, now()),
      tried: (request, attempt) => tellTried(storyOf(request), attempt, now()),
      hedged: (request, event) => tellHedged(storyOf(request), event, now()),
      routed(request, event) {
        const story = storyOf(request)
        tellRouted(story, event, self)
        for (const listener of listeners) listener.routed?.(story)
        if (story.totalMs !== undefined) ended(story)
      },
      seam: (request, event) => tellSeam(storyOf(request), event, now()),
      finished(request, event) {
        const story = storyOf(request)
        const before = story.totalMs
        tellFinished(story, event)
        if (before === undefined) ended(story)
      },
    },
    servedHere({ id, completionTokens, firstTokenMs, generationMs }) {
      const story = byId.get(id)
      if (story?.routed?.to !== 'local' || story.totalMs !== undefined) return
      if (firstTokenMs !== undefined) story.firstBytesMs = story.routed.ms + firstTokenMs
      if (completionTokens === 0) return
      story.tokens = completionTokens
      story.generationMs = generationMs
    },
    closed(stamp, { status, whole }) {
      for (const story of underway.get(stamp) ?? []) {
        if (story.routed === undefined) continue
        story.status = status
        story.outcome = outcomeOf(status, whole)
        story.totalMs = now() - story.startedAt
        ended(story)
      }
    },
    list: (filter) => listStories([...kept.keys()], filter),
    find(id) {
      const story = byId.get(id)
      return story === undefined ? undefined : toExplanation(story)
    },
    watch(options) {
      if (audience.isFull()) throw new AppError('node.overloaded', 'too many listen to the requests: try again later')
      return audience.join(options)
    },
  }
}

function outcomeOf(status: number, whole: boolean): RequestOutcome {
  if (!whole) return 'cancelled'
  return status < 400 ? 'answered' : 'refused'
}

function listStories(oldestFirst: readonly RequestStory[], filter: RequestFilter): readonly RequestSummary[] {
  const found: RequestSummary[] = []
  for (const story of oldestFirst.toReversed()) {
    if (found.length >= filter.limit) break
    if (matches(story, filter)) found.push(toSummary(story))
  }
  return found
}

function matches(story: RequestStory, { model, node, outcome, sinceUnixMs }: RequestFilter): boolean {
  if (model !== undefined && story.model !== model) return false
  if (outcome !== undefined && story.outcome !== outcome) return false
  if (sinceUnixMs !== undefined && story.startedUnixMs < sinceUnixMs) return false
  return node === undefined || nodesOf(story).some(({ name, peerId }) => name === node || peerId === node)
}

function nodesOf({ node, timeline }: RequestStory): readonly NodeName[] {
  const asked = timeline.flatMap((step) => (step.type === 'seam' ? [step.from] : [step.node]))
  return node === undefined ? asked : [node, ...asked]
}
