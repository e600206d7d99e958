import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { TokenKind } from '../../explorer/listed-network.ts'
import type { ErrorAnswer } from '../error-response.ts'
import type { ExplorerDeps } from './explorer-deps.ts'
import { toNetworkJson } from './network-json.ts'
import { toNetworkQuery } from './network-query.ts'

const WARNING =
  'This is the token itself: whoever gets it is a member of the network and can use its machines. It is stored encrypted, but this explorer can read it. "local-ai p2p view-token" prints a token that can only be looked at.'

/** Errors of these routes have one field, as LocalAI's. */
const errorShape = ({ message }: ErrorAnswer) => ({ error: message })
const addErrorShape = ({ status, message }: ErrorAnswer) => ({ error: status === 500 ? 'Cannot add token' : message })

/** The list, and what changes it: LocalAI's two routes, and ours for whoever added a network. */
export const networkRoutes: FastifyPluginAsync<ExplorerDeps> = async (app, { directory }) => {
  app.get('/networks', async (request, reply) => {
    const query = toNetworkQuery(request.query)
    const { networks, total, page, pages } = directory.search(query)
    reply.header('X-Total-Count', total).header('X-Page', page).header('X-Page-Count', pages)
    reply.header('Cache-Control', 'no-cache')
    return networks.map((network) => toNetworkJson(network, directory.openToken(network.id)))
  })

  app.post('/network/add', { config: { errorShape: addErrorShape } }, async (request, reply) => {
    const { id, kind, key } = directory.add(request.body)
    reply.header('Cache-Control', 'no-store')
    return { message: 'Token added', id, key, ...warningFor(kind) }
  })

  app.put('/network/:id', { config: { errorShape } }, async (request) => {
    const network = directory.edit(idIn(request), keyIn(request), request.body)
    return { message: 'Network changed', ...toNetworkJson(network, directory.openToken(network.id)) }
  })

  app.delete('/network/:id', { config: { errorShape } }, async (request) => {
    directory.remove(idIn(request), keyIn(request))
    return { message: 'Network removed' }
  })
}

function warningFor(kind: TokenKind): { readonly warning?: string } {
  return kind === 'full' ? { warning: WARNING } : {}
}

export function idIn({ params }: FastifyRequest): string {
  const id: unknown = Reflect.get(params as object, 'id')
  return typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? id : ''
}

/** Only ever in a header: an address stands in logs and histories. */
function keyIn({ headers }: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(headers.authorization ?? '')?.[1]
}
