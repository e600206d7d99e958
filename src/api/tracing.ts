import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isObject } from '../base/json.ts'
import { peekRequest } from '../federation/peek-request.ts'
import { NAMES, operationOf, PROVIDER } from '../telemetry/genai-names.ts'
import type { Metrics, RequestFinished } from '../telemetry/metrics.ts'
import type { Span, Tracing } from '../telemetry/tracing.ts'
import type { InferenceRoute } from './inference-route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent where no traces are made, and on routes that no node could serve for another. */
    readonly span?: Span | undefined
  }
}

const MAX_MODEL = 128

/**
 * A span for every inference request, a child of what the client's or the other node's `traceparent` names. From here on the
 * headers name this one: whoever is asked further on becomes its child.
 */
export function addTracing(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>()
  app.decorateRequest('span', {
    getter() {
      return spans.get(this)
    },
  })
  app.addHook('onRequest', async (request, { raw }) => {
    const { inference } = request.routeOptions.config
    if (inference === undefined) return
    const span = tracing.begin(operationOf(inference.endpoint), request.headers, {
      kind: 'server',
      attributes: {
        [NAMES.operation]: operationOf(inference.endpoint),
        [NAMES.method]: request.method,
        [NAMES.route]: request.routeOptions.url,
        [NAMES.correlationId]: request.id,
      },
    })
    spans.set(request, span)
    Object.assign(request.headers, span.headers)
    raw.once('close', () => {
      span.set({ [NAMES.status]: raw.statusCode })
      const error = raw.writableFinished ? String(raw.statusCode) : 'request.cancelled'
      // A refusal is no failure of the server (HTTP conventions).
      span.end(raw.writableFinished && raw.statusCode < 500 ? {} : { error })
    })
  })
  app.addHook('preValidation', async (request) => {
    const span = spans.get(request)
    const { inference } = request.routeOptions.config
    if (span === undefined || inference === undefined) return
    const model = modelOf(request)
    if (model === undefined) return
    span.rename(nameOf(inference, model))
    span.set({ [NAMES.requestModel]: model })
  })
}

function nameOf({ endpoint }: Pick<InferenceRoute, 'endpoint'>, model: string): string {
  return `${operationOf(endpoint)} ${model}`
}

function modelOf({ body, url: target, headers }: FastifyRequest): string | undefined {
  const bytes = Buffer.isBuffer(body) ? body : undefined
  const parsed: unknown = bytes === undefined && isObject(body) ? body['model'] : undefined
  const model =
    bytes === undefined ? parsed : peekRequest({ target, contentType: headers['content-type'], body: bytes })
  return typeof model === 'string' ? model.slice(0, MAX_MODEL) : undefined
}

/** The span of the work on a model, from its being let in to its last token. */
export function beginInference(
  { span }: Pick<FastifyRequest, 'span'>,
  { endpoint, model }: Pick<RequestFinished, 'endpoint'> & { readonly model: string },
): ((event: Parameters<Metrics['requestFinished']>[0]) => void) | undefined {
  if (span === undefined) return undefined
  const name = model.slice(0, MAX_MODEL)
  const attributes = {
    [NAMES.operation]: operationOf(endpoint),
    [NAMES.provider]: PROVIDER,
    [NAMES.requestModel]: name,
  }
  const work = span.child(`inference ${name}`, { kind: 'internal', attributes })
  return ({ status, promptTokens, completionTokens, firstTokenMs, model: found }) => {
    work.set({
      [NAMES.responseModel]: found,
      [NAMES.inputTokens]: promptTokens,
      [NAMES.outputTokens]: completionTokens,
      [NAMES.timeToFirstChunk]: firstTokenMs === undefined ? undefined : firstTokenMs / 1000,
    })
    work.end(status < 400 ? {} : { error: String(status) })
  }
}
