import type { Place } from '../places.ts'
import type { RoutedRequest } from '../routed-request.ts'

/** The trace of one node's work on a request. */
export interface TryTrace {
  /** Go along to the node, in place of the client's own of these names. */
  readonly headers: Readonly<Record<string, string>>
  /** The node has nothing more to do with it. */
  end(): void
}

export type TraceTry = (request: RoutedRequest, node: { readonly peerId: string; readonly name: string }) => TryTrace

/** What is sent to the node, and what is to be called when it is over. Without traces: the request and the place's own. */
export function tracedTry(traceTry: TraceTry | undefined, request: RoutedRequest, { candidate, release }: Place) {
  const trace = traceTry?.(request, candidate)
  if (trace === undefined) return { request, onOver: release }
  return {
    request: { ...request, headers: { ...request.headers, ...trace.headers } },
    onOver(): void {
      release()
      trace.end()
    },
  }
}
