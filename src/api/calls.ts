import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { InferenceEvent } from '../inference/events.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Endpoint, Metrics } from '../telemetry/metrics.ts'
import { createBudget } from './budget.ts'
import { createRequestSignals } from './client-gone.ts'
import { statusOf, toAppError } from './error-response.ts'
import { beginInference } from './tracing.ts'

/** One inference request on its way: its signal, and what it tells the metrics. */
export interface Call {
  /** Aborts when the client is gone or the node gives up waiting at shutdown. */
  readonly signal: AbortSignal
  /** To be called with every event of the answer, in order. Cheap: it is on the way of each token. */
  observe(event: InferenceEvent): void
  /** For answers that are no stream of events. */
  countPromptTokens(tokens: number): void
  /** For a failure that was already told to the client. */
  failed(error: AppError): void
}

export interface CallFacts {
  readonly endpoint: Endpoint
  readonly model: string
  /** The work outlives the connection: only the node itself ends it. */
  readonly detached?: boolean
}

export interface Calls {
  /** Lets the request in, or throws `node.overloaded`; then runs `work` and counts how it ended. */
  run<T>(reply: FastifyReply, facts: CallFacts, work: (call: Call) => Promise<T>): Promise<T>
  /** Whether this request went through `run`, and so has its own line in the log. */
  counted(request: FastifyRequest): boolean
  /** Whether its answer, which had begun well, was one that failed. */
  brokeOff(request: FastifyRequest): boolean
}

interface CallsDeps {
  readonly metrics: Pick<Metrics, 'requestStarted' | 'requestAnswering' | 'requestFinished'>
  readonly registry: Pick<ModelRegistry, 'find'>
  /** Aborts when the node stops waiting for requests that still run. */
  readonly giveUp: AbortSignal
  readonly log: Pick<Logger, 'error' | 'warn'>
}

export function createCalls(
  { metrics, registry, giveUp, log }: CallsDeps,
  init: { readonly maxInFlight: number /** From one remote address. */; readonly maxOfSource: number },
): Calls {
  const ran = new WeakSet<FastifyRequest>()
  const broken = new WeakSet<FastifyRequest>()
  const signalOf = createRequestSignals(giveUp)
  const places = createBudget({ total: init.maxInFlight, perSource: init.maxOfSource })
  return {
    counted: (request) => ran.has(request),
    brokeOff: (request) => broken.has(request),
    async run(reply, facts, work) {
      const { request } = reply
      const place = places.take(request.raw.socket.remoteAddress ?? '', 1)
      if (place === undefined) {
        throw new AppError('node.overloaded', 'this node already works on as many requests as it may: try again soon')
      }
      ran.add(request)
      metrics.requestStarted(facts.endpoint)
      const traced = beginInference(request, facts)
      const watch = createStopwatch(() => metrics.requestAnswering(facts.endpoint))
      const signal = facts.detached === true ? giveUp : signalOf(reply)
      let status = 200
      function failed(error: AppError): void {
        broken.add(request)
        status = statusOf(error.code)
        // Told by the operator to end: nothing is wrong.
        if (error.code === 'node.stopping') log.warn({ id: request.id }, 'stream cut: the node is stopping')
        else if (status >= 500) log.error({ id: request.id, code: error.code, err: error }, 'stream failed')
      }
      try {
        return await work({ signal, ...watch.observers, failed })
      } catch (thrown) {
        const error = toAppError(thrown)
        status = statusOf(error.code)
        throw error
      } finally {
        place.release()
        const model = registry.find(facts.model)?.name
        const finished = { id: request.id, endpoint: facts.endpoint, model, status, ...watch.read() }
        metrics.requestFinished(finished)
        traced?.(finished)
      }
    },
  }
}

/** Times and token counts of one call. */
function createStopwatch(onFirst: () => void) {
  const startedAt = performance.now()
  let firstAt: number | undefined
  let lastAt = startedAt
  let promptTokens = 0
  let completionTokens = 0
  return {
    observers: {
      observe(event: InferenceEvent): void {
        if (event.type === 'finish') {
          lastAt = performance.now()
          // Several choices read the same prompt once.
          promptTokens = Math.max(promptTokens, event.usage.promptTokens)
          completionTokens += event.usage.completionTokens
        }
        if (firstAt === undefined) {
          firstAt = performance.now()
          onFirst()
        }
      },
      countPromptTokens(tokens: number): void {
        promptTokens += tokens
      },
    },
    read() {
      const generationMs = firstAt === undefined ? undefined : lastAt - firstAt
      return {
        promptTokens,
        completionTokens,
        durationMs: performance.now() - startedAt,
        ...(firstAt === undefined ? {} : { firstTokenMs: firstAt - startedAt }),
        ...(generationMs === undefined || generationMs <= 0 ? {} : { generationMs }),
      }
    },
  }
}
