import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { NODE_HEADER } from '../../src/api/node-header.ts'
import { createOpenApiDocument } from '../../src/api/openapi-document.ts'
import { collectRoutes, type DescribedRoute } from '../../src/api/openapi-routes.ts'
import { JOURNAL_TYPE } from '../../src/federation/journal/frames.ts'
import { createAnswerCheck, type OpenApiDocument, toDocumentPath } from './openapi-check.ts'

const MAX_BODY_BYTES = 4 * 1024 * 1024
type Check = ReturnType<typeof createAnswerCheck>

const checks = new Map<string, Promise<Check>>()

export interface WatchedAnswers {
  /** Resolves when all that was sent so far has been looked at. */
  settled(): Promise<void>
}

/**
 * Holds every answer of every server that this process makes from now on against the OpenAPI document of that server, whatever
 * client asked, and for streams each event.
 */
export function watchAnswers(init: {
  readonly onProblem: (problem: string) => void
  readonly isMadeUp?: () => boolean
}): WatchedAnswers {
  const { onProblem, isMadeUp = () => false } = init
  const pending = new Set<Promise<void>>()
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { readonly fastify: FastifyInstance }
    const routes = collectRoutes(fastify)
    fastify.addHook('onRequest', async ({ method, routeOptions }, { raw }) => {
      const { url } = routeOptions
      if (isMadeUp() || url === undefined || method === 'HEAD' || method === 'OPTIONS') return
      recordAnswer(raw, (sent) => {
        const answer = { method, path: toDocumentPath(url), status: raw.statusCode, ...sent }
        const checking = checkOf(routes).then((check) => {
          const problem = check(answer)
          if (problem !== undefined) onProblem(`${method} ${url} ${raw.statusCode} ${problem}`)
        })
        const settled: Promise<void> = checking
          .catch((error: unknown) => onProblem(`${method} ${url} cannot be checked: ${String(error)}`))
          .finally(() => pending.delete(settled))
        pending.add(settled)
      })
    })
  })
  return { settled: async () => void (await Promise.all(pending)) }
}

/** Servers with the same routes share a document. */
function checkOf(routes: readonly DescribedRoute[]): Promise<Check> {
  const key = routes.map(({ method, url }) => `${method} ${url}`).join('\n')
  const known = checks.get(key) ?? documentOf(routes).then(createAnswerCheck)
  checks.set(key, known)
  return known
}

async function documentOf(routes: readonly DescribedRoute[]): Promise<OpenApiDocument> {
  return (await createOpenApiDocument(routes, { version: 'test' })) as OpenApiDocument
}

/** Hands over what was sent once all of it was; answers that break off, and those that are only a part, are not looked at. */
function recordAnswer(
  response: ServerResponse,
  whenSent: (sent: { readonly body: string; readonly contentType: string }) => void,
): void {
  let contentType = ''
  const pieces: Buffer[] = []
  let bytes = 0
  const keep = (piece: unknown): void => {
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) return
    bytes += piece.length
    if (bytes <= MAX_BODY_BYTES) pieces.push(Buffer.from(piece as string))
  }
  const { write, end, writeHead } = response
  // Headers that are given here cannot be asked for later.
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const given = Object.entries(Object(args.at(-1))).find(([name]) => name.toLowerCase() === 'content-type')
    contentType = String(given?.[1] ?? this.getHeader('content-type') ?? '')
    return Reflect.apply(writeHead, this, args)
  } as typeof writeHead
  response.write = function (this: ServerResponse, ...args: unknown[]) {
    keep(args[0])
    return Reflect.apply(write, this, args)
  } as typeof write
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    keep(args[0])
    return Reflect.apply(end, this, args)
  } as typeof end
  response.on('finish', () => {
    const isPartial = response.statusCode === 206 || response.statusCode === 304
    // What was passed on is checked where it was made, or was made up by a test.
    const isPassedOn = response.hasHeader(NODE_HEADER) || contentType === JOURNAL_TYPE
    if (bytes <= MAX_BODY_BYTES && !isPartial && !isPassedOn)
      whenSent({ body: Buffer.concat(pieces).toString('utf8'), contentType })
  })
}
