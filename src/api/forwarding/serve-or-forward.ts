import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { peekRequest } from '../../federation/peek-request.ts'
import type { LocalPlace, RequestRouter, RoutedAnswer, RoutedRequest } from '../../federation/routed-request.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { ForwardOutcome, NetworkMetrics } from '../../telemetry/network-metrics.ts'
import { OPAQUE_HEADER, toldInStream } from '../access/opaque-errors.ts'
import { admissionOf } from '../admission-of-request.ts'
import type { CallerOf } from '../caller.ts'
import { createRequestSignals } from '../client-gone.ts'
import { statusOf, toAppError } from '../error-response.ts'
import type { InferenceRoute } from '../inference-route.ts'
import type { ReadJson } from '../json-body.ts'
import { homeOfRequest, modelInPath } from './home-of-request.ts'
import { passOn, passOnStatus } from './pass-on.ts'

export interface ServeOrForwardDeps {
  readonly router: RequestRouter
  readonly registry: Pick<ModelRegistry, 'find'>
  readonly metrics: Pick<NetworkMetrics, 'requestForwarded'>
  readonly readJson: ReadJson
  /** Whose request it is: callers who wait take turns. */
  readonly callerOf: CallerOf
  /** Aborts when the node stops waiting for requests that still run. */
  readonly giveUp: AbortSignal
}

export interface ServeOrForwardInit {
  /** Requests that may be on their way through this node at the same time; more get 503. */
  readonly maxForwarded: number
  readonly stallTimeoutMs: number
}

/** The requests of a face that others may answer. */
export interface Forwarding {
  /** Whether it was passed on: these have a line of their own in the log. */
  passedOn(request: FastifyRequest): boolean
  /** Those that others answer, until the end of the answer, and those of which it is still being decided who does. */
  onTheWay(): number
}

/**
 * Before a request of an inference route is validated: here or elsewhere? Elsewhere its bytes go as they came, and the
 * route never sees it. Here the route goes on as if there were no other node, and the booked place is given back when
 * the answer has ended.
 */
export function serveOrForward(
  app: FastifyInstance,
  { router, registry, metrics, readJson, callerOf, giveUp }: ServeOrForwardDeps,
  init: ServeOrForwardInit,
): Forwarding {
  const passedOn = new WeakSet<FastifyRequest>()
  const signalOf = createRequestSignals(giveUp)
  let onTheWay = 0

  function toRoutedRequest(
    request: FastifyRequest,
    inference: InferenceRoute,
    body: Buffer | undefined,
  ): RoutedRequest {
    const { id, method, url: target, server } = request
    const headers = server.opaqueErrors === true ? { ...request.headers, [OPAQUE_HEADER]: '1' } : request.headers
    const model = modelInPath(request, inference) ?? peekRequest({ target, contentType: headers['content-type'], body })
    const { id: owner } = callerOf(request)
    const caller = owner ?? request.socket.remoteAddress
    const home = homeOfRequest(request, inference, body)
    return {
      id,
      method,
      target,
      headers,
      body,
      model,
      capability: inference.capability,
      stamp: request.stampText,
      carriesOn: inference.carriesOn === true,
      ...admissionOf({ headers, body }, performance.now()),
      ...(caller === undefined ? {} : { caller }),
      ...(owner === undefined ? {} : { owner }),
      ...(home === undefined ? {} : { home }),
    }
  }

  /** Of a request without a body: it names nothing that could be elsewhere. */
  function isForThisNode(request: FastifyRequest, inference: InferenceRoute): boolean {
    const model = modelInPath(request, inference)
    if (model !== undefined) return registry.find(model) !== undefined
    return homeOfRequest(request, inference, undefined) === undefined
  }

  async function decide(reply: FastifyReply, inference: InferenceRoute, bytes: Buffer | undefined): Promise<void> {
    const { request } = reply
    const count = createCount(metrics, request, inference)
    const signal = signalOf(reply)
    const asked = toRoutedRequest(request, inference, bytes)
    // A body that names no model may be no JSON at all: nobody else needs to be asked about that.
    const parsed =
      asked.model === undefined && bytes !== undefined ? { value: await readJson(request, bytes) } : undefined
    const routed = await router.route(asked, { signal }).catch((thrown: unknown) => {
      const error = signal.aborted ? toAppError(signal.reason) : toAppError(thrown)
      count(error, undefined)
      throw error
    })
    if (routed.kind === 'local') {
      releaseAfter(reply, routed.place)
      if (bytes !== undefined) request.body = parsed === undefined ? await readJson(request, bytes) : parsed.value
      return
    }
    passedOn.add(request)
    const { answer } = routed
    const brokenStream = (error: AppError) => inference.brokenStream?.(toldInStream(error, request), request.id)
    const whole = answer.status < 400 || request.server.opaqueErrors !== true
    const { stallTimeoutMs } = init
    try {
      const failure = whole
        ? await passOn(reply, answer, { signal, stallTimeoutMs, brokenStream })
        : await passOnStatus(reply, answer)
      count(failure, answer)
    } catch (thrown) {
      count(toAppError(thrown), answer)
      throw thrown
    }
  }

  app.addHook('preValidation', async (request, reply) => {
    const { inference } = request.routeOptions.config
    const { body } = request
    if (inference === undefined) return
    const bytes = Buffer.isBuffer(body) ? body : undefined
    if (bytes === undefined && isForThisNode(request, inference)) return
    if (onTheWay >= init.maxForwarded) {
      throw new AppError('node.overloaded', `${onTheWay} requests are on their way through this node: try again soon`)
    }
    onTheWay += 1
    try {
      await decide(reply, inference, bytes)
    } finally {
      onTheWay -= 1
    }
  })
  return { passedOn: (request) => passedOn.has(request), onTheWay: () => onTheWay }
}

function releaseAfter({ raw }: FastifyReply, place: LocalPlace): void {
  if (raw.destroyed) place.release()
  else raw.once('close', () => place.release())
}

/** Tells the metrics how it ended: with which failure, if any, and whose answer it was, if there was one. */
function createCount(
  metrics: ServeOrForwardDeps['metrics'],
  { id }: FastifyRequest,
  { endpoint }: InferenceRoute,
): (failure: AppError | undefined, answer: RoutedAnswer | undefined) => void {
  const startedAt = performance.now()
  return (failure, answer) => {
    metrics.requestForwarded({
      id,
      endpoint,
      node: answer?.node.name,
      status: failure === undefined ? (answer?.status ?? 200) : statusOf(failure.code),
      outcome: outcomeOf(failure, answer),
      tries: answer?.attempts.length ?? 0,
      durationMs: performance.now() - startedAt,
    })
  }
}

function outcomeOf(failure: AppError | undefined, answer: RoutedAnswer | undefined): ForwardOutcome {
  if (failure?.code === 'request.cancelled' || failure?.code === 'node.stopping') return 'cancelled'
  if (answer === undefined) return 'unrouted'
  if (failure !== undefined) return 'lost'
  return answer.status < 400 ? 'answered' : 'refused'
}
