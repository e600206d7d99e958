import { Counter, Gauge, type Registry } from 'prom-client'

/** `full`: the server had no room. `cancelled`: nobody waited for the answer any more. */
export type UpstreamOutcome = 'answered' | 'refused' | 'full' | 'unreachable' | 'broken' | 'cancelled'

/** What attached servers do. Their names are the operator's: a closed list. */
export interface UpstreamMetrics {
  upstreamAsked(event: { readonly upstream: string; readonly outcome: UpstreamOutcome }): void
  upstreamSeen(event: { readonly upstream: string; readonly up: boolean; readonly models: number }): void
}

export function createUpstreamMetrics(registers: Registry[]): UpstreamMetrics {
  const labelNames = ['upstream'] as const
  const up = new Gauge({
    name: 'local_ai_upstream_up',
    help: 'Whether an attached server answers',
    labelNames,
    registers,
  })
  const models = new Gauge({
    ...{
      name: 'local_ai_upstream_models',
      help: 'Models that an attached server has for this node',
      labelNames,
      registers,
    },
  })
  const requests = new Counter({
    name: 'local_ai_upstream_requests_total',
    help: 'Requests to attached servers by outcome',
    labelNames: ['upstream', 'outcome'],
    registers,
  })
  return {
    upstreamAsked: (event) => requests.inc({ ...event }),
    upstreamSeen(event) {
      up.set({ upstream: event.upstream }, event.up ? 1 : 0)
      models.set({ upstream: event.upstream }, event.models)
    },
  }
}
