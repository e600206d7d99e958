import { NAMES } from '../../telemetry/genai-names.ts'
import type { Span, Tracing } from '../../telemetry/tracing.ts'
import type { RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents } from '../routing-events.ts'
import type { TraceTry } from '../run/traced-try.ts'

/**
 * A span for every node that works on a request, and one for every pause in which a lost node was replaced. Their parent is
 * the one that the request's headers name: the server span of this node.
 */
export function traceRequests(tracing: Tracing): {
  readonly traceTry: TraceTry
  readonly events: Partial<RoutingEvents>
} {
  const open = new WeakMap<RoutedRequest, Map<string, Span>>()
  return {
    traceTry(request, { peerId, name }) {
      const attributes = { [NAMES.node]: name, [NAMES.nodeId]: peerId, [NAMES.requestModel]: request.model }
      const span = tracing.begin(`try ${name}`, request.headers, { kind: 'client', attributes })
      const spans = open.get(request) ?? new Map<string, Span>()
      open.set(request, spans.set(peerId, span))
      // What became of it is told a moment after its end.
      return { headers: span.headers, end: () => void setImmediate(() => span.end()) }
    },
    events: {
      tried(request, { peerId, outcome }) {
        const span = open.get(request)?.get(peerId)
        span?.set({ [NAMES.outcome]: outcome })
        if (outcome !== 'answered') span?.end({ error: outcome })
      },
      seam(request, { from, to, cause, tokens, pauseMs, code }) {
        const attributes = {
          [NAMES.seamFrom]: from.name,
          [NAMES.seamTo]: to?.name,
          [NAMES.seamCause]: cause,
          [NAMES.seamTokens]: tokens,
        }
        const span = tracing.begin('seam', request.headers, { kind: 'internal', attributes, msAgo: pauseMs })
        span.end(to === undefined ? { error: code ?? 'federation.unavailable' } : {})
      },
    },
  }
}
