import type { AbortOptions } from '../base/signals.ts'
import type { ModelAdvert } from '../p2p/membership/node-record.ts'
import type { Priority } from './priority.ts'

/** One HTTP request on its way to whoever serves it. The body is the client's bytes, never written anew. */
export interface RoutedRequest {
  /** The correlation id; goes along, so that one id finds the request in the logs of both nodes. */
  readonly id: string
  readonly method: string
  /** Path and query as the client sent them. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array | undefined
  /** What `peekRequest` found; undefined when the request names no model. */
  readonly model: string | undefined
  /** The use case of the endpoint (`chat`, `embeddings`, …), for requests that name no model. */
  readonly capability: string
  /** Who asks (an API key's fingerprint, an address): those who wait are served by turns. Absent: all the same one. */
  readonly caller?: string
  /** Whose turn it is when requests wait. Absent: normal. */
  readonly priority?: Priority | undefined
  /** When its client will have given up, as `performance.now()` counts: it is not begun later. Absent: the client waits. */
  readonly giveUpAt?: number | undefined
  /** Whose request it is to the node that serves it: what is kept there belongs to them. Absent: to everybody. */
  readonly owner?: string
  /** The node on which what the request speaks of lives, as `homeOf` names it: nobody else is asked. */
  readonly home?: string
  /** `STAMP_HEADER`'s text: the same for every node that is asked. */
  readonly stamp?: string
  /** Whether another node may go on where one was lost: the route's answers depend on the request and the stamp only. */
  readonly carriesOn?: boolean
  /** `KEY_HEADER`'s text: which answer it asks for, when its client has named it. */
  readonly key?: string
}

/** Requests that name no model are alike when they want the same. */
export function keyOf({ model, capability }: Pick<RoutedRequest, 'model' | 'capability'>): string {
  return model ?? ` ${capability}`
}

/** One node that was asked, and what became of it; for the log, the metrics and `X-LocalAI-Tries`. */
export interface Attempt {
  readonly peerId: string
  readonly name: string
  /** `late`: another node was faster. */
  readonly outcome: 'answered' | 'unreachable' | 'not-started' | 'broken' | 'late'
  readonly ms: number
}

/** The head of an answer, whose first body bytes are already there: up to here another node could still be tried. */
export interface RoutedAnswer {
  readonly status: number
  /** Without hop-by-hop headers (RFC 9110 section 7.6.1). */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /**
   * Pulled: a reader that stops reading stops the serving node. Throws `peer.unreachable` when the node is lost midway.
   * To be read once, to its end or until the reader leaves; who does not read it aborts the signal given to `route`.
   */
  readonly body: AsyncIterable<Uint8Array>
  readonly node: { readonly peerId: string; readonly name: string }
  readonly attempts: readonly Attempt[]
}

/** The place that was booked on this node itself; to be released when the answer has ended. */
export interface LocalPlace {
  release(): void
}

export type Routed =
  | { readonly kind: 'local'; readonly place: LocalPlace }
  | { readonly kind: 'remote'; readonly answer: RoutedAnswer }

export interface RequestRouter {
  /**
   * Books a place on the node that serves best, here or elsewhere, and, elsewhere, sends the request there; tries the
   * next node while nothing of an answer has come. Waits in a bounded queue while all are busy.
   * Throws `network.model-not-found` (naming the models there are), `federation.unavailable` (no node, or all tries failed),
   * `federation.overloaded` (the queue is full, or the wait was too long; `details.retryAfterMs`).
   */
  route(request: RoutedRequest, options?: AbortOptions): Promise<Routed>
}

/** What other nodes tell in a `ModelAdvert`. */
export type LocalFigures = Pick<
  ModelAdvert,
  'promptTokensPerSecond' | 'generationTokensPerSecond' | 'fileSizeBytes' | 'upstream'
>

/** What the router asks of the node it runs on. An entry without models serves nothing. */
export interface LocalNode {
  serves(model: string | undefined, capability: string): boolean
  /** Whether the model is in memory. */
  loaded(model: string): boolean
  /** What the node tells others of the model as `ModelAdvert.likeness`. */
  likeness?(model: string | undefined): string | undefined
  readonly slots: number
  /** Requests that run or wait here now, whoever sent them. Absent: those that the router booked. */
  busy?(): number
  /** What is known of the model's size and speed here. */
  figures?(model: string | undefined): LocalFigures | undefined
  /** Names of the models here, for the answer to a request for one that nobody has. */
  models?(): readonly string[]
}

/** A model that some node of the network has: the union behind `/v1/models`. */
export interface NetworkModel {
  readonly name: string
  readonly created: number
  readonly description?: string
  readonly capabilities: readonly string[]
  /** Names of the nodes that have it. */
  readonly nodes: readonly string[]
}

/** For whom a member asks (`RoutedRequest.owner`); never taken from a client. */
export const CALLER_HEADER = 'x-local-ai-caller'

/** From which every node that is asked draws the same ids, times and dice (`inference/continuity.ts`); never taken from a client. */
export const STAMP_HEADER = 'x-local-ai-stamp'

/** The home that ids made for this request carry: of the first node that was asked, on every try; never taken from a client. */
export const HOME_HEADER = 'x-local-ai-home'

/** The key of an answer that may be asked for again (`idempotency/request-key.ts`); never taken from a client. */
export const KEY_HEADER = 'x-local-ai-key'

/** Set by a node that goes on with what another one had begun; never taken from a client. */
export const TAKEN_OVER_HEADER = 'x-local-ai-taken-over'

/** Set by a serving node on an error answer that left nothing begun, so that another node may be tried. */
export const NOT_STARTED_HEADER = 'x-local-ai-not-started'
