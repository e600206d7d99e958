import type { Startable } from '../base/lifecycle.ts'

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export interface SpanInit {
  readonly kind: 'server' | 'client' | 'internal'
  readonly attributes?: Attributes
  /** It began so long ago. Default: now. */
  readonly msAgo?: number
}

/** One piece of work on its way through the nodes. */
export interface Span {
  /** `traceparent` and `tracestate` (W3C Trace Context), with which others become children of this one. */
  readonly headers: Readonly<Record<string, string>>
  rename(name: string): void
  set(attributes: Attributes): void
  child(name: string, init: SpanInit): Span
  /** Once, however often it is called. `error`: a code of ours, or a status, when it failed. */
  end(facts?: { readonly error?: string }): void
}

/** Traces that a collector can put together from what all nodes tell it. A node without one has none of this. */
export interface Tracing extends Startable {
  /** A child of what the headers name, or the first of a new trace. */
  begin(name: string, headers: Readonly<Record<string, unknown>>, init: SpanInit): Span
}
