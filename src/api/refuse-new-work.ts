import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { LoadMetrics, WhyRefused } from '../telemetry/load-metrics.ts'

/** Whether this process is behind with its work. */
export interface Lag {
  readonly late: boolean
}

export interface RefuseNewWorkDeps {
  /** Asked for every inference request: it has to cost nothing. */
  readonly whyRefused: (request: FastifyRequest) => WhyRefused | undefined
  readonly metrics: Pick<LoadMetrics, 'requestRefused'>
}

/** One for all: who is behind with the work has no time to make more. */
const REFUSALS: Readonly<Record<WhyRefused, AppError>> = {
  draining: new AppError('node.stopping', 'this node is draining: it takes nothing new'),
  lag: new AppError('node.overloaded', 'this node is behind with its work: try again soon', {
    details: { retryAfterMs: 5000 },
  }),
}

/**
 * Refuses inference requests before anything of their bodies is read, and after it is known that they come from somebody
 * who may ask. What runs goes on, and whoever asks for something that was made already gets it.
 */
export function refuseNewWork(app: FastifyInstance, { whyRefused, metrics }: RefuseNewWorkDeps): void {
  app.addHook('preParsing', (...[request, _reply, payload, done]: Parameters<preParsingHookHandler>) => {
    const why = isNewWork(request) ? whyRefused(request) : undefined
    if (why === undefined) {
      done(null, payload)
      return
    }
    metrics.requestRefused(why)
    done(REFUSALS[why])
  })
}

function isNewWork({ method, routeOptions: { config } }: FastifyRequest): boolean {
  const { inference } = config
  if (inference === undefined || method !== 'POST') return false
  return inference.home === undefined || !('param' in inference.home)
}
