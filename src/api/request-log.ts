import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { NODE_HEADER, toHeaderValue } from './node-header.ts'

interface RequestLogDeps {
  readonly metrics: Pick<Metrics, 'httpAnswered'>
  readonly log: Pick<Logger, 'info' | 'debug'>
  readonly stopping: () => boolean
  /** Inference requests have a line of their own. */
  readonly counted: (request: FastifyRequest) => boolean
}

export interface RequestLogInit {
  /** Value of the `Machine-Tag` header of every answer. */
  readonly machineTag?: string
  /** This node's name, for the `X-LocalAI-Node` header of every answer; without it there is no such header. */
  readonly nodeHeader?: string
}

/** Probes ask every few seconds and want an answer also while the node stops. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics'])
/** Pages that are open ask again and again. */
const POLLED = new Set([
  ...['/system', '/api/operations', '/api/p2p/federation', '/api/models/capabilities', '/api/p2p/plan'],
  ...['/api/auth/status', '/api/features', '/api/p2p/stats', '/api/logs', '/api/metrics/series'],
])

/** The headers that every answer carries, one line in the log, and the count of every request. */
export function addRequestLog(
  app: FastifyInstance,
  { metrics, log, stopping, counted }: RequestLogDeps,
  { machineTag, nodeHeader }: RequestLogInit,
): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Correlation-ID', request.id)
    // What OpenAI's clients show of an answer.
    reply.header('X-Request-ID', fitId(request.headers['x-request-id']) ?? request.id)
    if (machineTag !== undefined && machineTag !== '') reply.header('Machine-Tag', machineTag)
    if (nodeHeader !== undefined) reply.header(NODE_HEADER, toHeaderValue(nodeHeader))
    if (stopping() && !PROBES.has(request.routeOptions.url ?? '')) {
      throw new AppError('node.stopping', 'the node is shutting down')
    }
  })

  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const path = request.routeOptions.url ?? 'unmatched'
    if (path !== '/metrics') metrics.httpAnswered({ method, path, seconds: reply.elapsedTime / 1000 })
    const line = { id: request.id, method, path, status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }
    if (counted(request) || (isRoutine(request) && reply.statusCode < 400)) log.debug(line, 'answered')
    else log.info(line, 'answered')
  })
}

/** What is asked all the time, and what the web interface is made of. */
function isRoutine({ method, routeOptions }: FastifyRequest): boolean {
  const { url = '', schema } = routeOptions
  return method === 'GET' && (PROBES.has(url) || POLLED.has(url) || schema?.tags?.includes('ui') === true)
}

/** The caller's own id when it is fit for a header and a log line, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  return fitId(request.headers['x-correlation-id']) ?? randomUUID()
}

function fitId(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : undefined
}
