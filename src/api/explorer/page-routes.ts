import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { PublicNetwork } from '../../explorer/search-networks.ts'
import { baseUrlOf } from '../media/base-url.ts'
import type { ExplorerDeps, ExplorerInit } from './explorer-deps.ts'
import { toNetworkPageJson, toTime } from './network-json.ts'
import { toNetworkQuery, toRange } from './network-query.ts'
import { idIn } from './network-routes.ts'
import { dashboard, type Listing, networkList } from './pages/dashboard.ts'
import type { Html } from './pages/html.ts'
import { notFoundPage, type Page, toDocument } from './pages/layout.ts'
import { type NetworkView, networkFragment, networkPage } from './pages/network-page.ts'
import { type ExplorerStatus, statusFragment, statusPage } from './pages/status-page.ts'

export interface PageRoutesDeps extends ExplorerDeps {
  readonly assetVersion: string
}

/** Networks on a page for people. */
const ITEMS = 24

/** Pages for people; for programs the same as JSON. */
export const pageRoutes: FastifyPluginAsync<{ deps: PageRoutesDeps; init: ExplorerInit }> = async (
  app,
  { deps, init },
) => {
  const { directory, now } = deps
  const cardInit = (request: FastifyRequest) => ({ base: baseOf(request), nowUnixMs: now() })
  const listing = (request: FastifyRequest): Listing => {
    const query = { ...toNetworkQuery(request.query), items: ITEMS }
    return { query, found: directory.search(query) }
  }
  const view = (request: FastifyRequest): NetworkView => {
    const network = foundNetwork(deps, request)
    const range = toRange(request.query)
    const openToken = directory.openToken(network.id)
    return { network, openToken, range, history: directory.history(network.id, range) }
  }
  const status = (): ExplorerStatus => ({
    ...init,
    nowUnixMs: now(),
    counts: directory.counts(),
    discovery: deps.discovery(),
  })
  const sendPage = (request: FastifyRequest, reply: FastifyReply, page: Page): string => {
    reply.type('text/html; charset=utf-8').header('Cache-Control', 'no-cache')
    return toDocument(page, { base: baseOf(request), assetVersion: deps.assetVersion, version: init.version })
  }
  const sendFragment = (reply: FastifyReply, fragment: Html): string => {
    reply.type('text/html; charset=utf-8').header('Cache-Control', 'no-store')
    return fragment.text
  }

  app.get('/', async (request, reply) => {
    if (!wantsHtml(request)) {
      return { Title: 'Network Explorer', Version: init.version, BaseURL: baseUrlOf(request) }
    }
    return sendPage(request, reply, dashboard(listing(request), cardInit(request)))
  })
  app.get('/network/:id', async (request, reply) => {
    const found = view(request)
    if (wantsHtml(request)) return sendPage(request, reply, networkPage(found, cardInit(request)))
    return toNetworkPageJson(found.network, found)
  })
  app.get('/status', async (request, reply) => {
    const now = status()
    if (wantsHtml(request)) return sendPage(request, reply, statusPage(now, baseOf(request)))
    const { version, startedAtUnixMs, counts, discovery } = now
    return { version, startedAt: toTime(startedAtUnixMs), networks: counts, discovery: discovery ?? null }
  })

  app.get('/fragments/networks', async (request, reply) =>
    sendFragment(reply, networkList(listing(request), cardInit(request))),
  )
  app.get('/fragments/network/:id', async (request, reply) =>
    sendFragment(reply, networkFragment(view(request), cardInit(request))),
  )
  app.get('/fragments/status', async (_request, reply) => sendFragment(reply, statusFragment(status())))
}

/** A page in place of the JSON, for a person who came to an address that is none. */
export function addNotFoundPage(
  app: FastifyInstance,
  { assetVersion, version }: { readonly assetVersion: string; readonly version: string },
): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode !== 404 || request.method !== 'GET' || !wantsHtml(request)) return payload
    if (request.url.includes('/fragments/')) return payload
    const base = baseOf(request)
    reply.type('text/html; charset=utf-8').removeHeader('Content-Length')
    return toDocument(notFoundPage(base), { base, assetVersion, version })
  })
}

function foundNetwork({ directory }: PageRoutesDeps, request: FastifyRequest): PublicNetwork {
  const network = directory.find(idIn(request))
  if (network === undefined) throw new AppError('request.not-found', 'There is no such network')
  return network
}

/** As LocalAI decides it: JSON for a JSON body, and for whoever does not ask for HTML. */
function wantsHtml({ headers }: FastifyRequest): boolean {
  const isJson = (headers['content-type'] ?? '').startsWith('application/json')
  const { accept } = headers
  return !isJson && (accept === undefined || accept === '' || accept.includes('html'))
}

function baseOf(request: FastifyRequest): string {
  return new URL(baseUrlOf(request)).pathname
}
