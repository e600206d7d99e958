import { Counter, Gauge, type Registry } from 'prom-client'

/** Why a node begins nothing new: its owner wants that, or it is behind with its work. */
export type WhyRefused = 'draining' | 'lag'

/** What waits, and what is sent away before it does. */
export interface LoadMetrics {
  /** Requests that wait for a free node now. To be called before `text` by whoever has the queue. */
  queueSeen(length: number): void
  /** Before anything was read of it. */
  requestRefused(why: WhyRefused): void
}

export function createLoadMetrics(registers: Registry[]): LoadMetrics {
  const queue = new Gauge({
    name: 'local_ai_routing_queue_length',
    help: 'Requests that wait for a free node at this moment',
    registers,
  })
  const refused = new Counter({
    name: 'local_ai_requests_refused_total',
    help: 'Inference requests refused unread, by why: the node drains, or is behind with its work (lag)',
    labelNames: ['why'],
    registers,
  })
  return {
    queueSeen: (length) => queue.set(length),
    requestRefused: (why) => refused.inc({ why }),
  }
}
