import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { isOnline, listMembers, type Member, type PeerToPeer, toNode, toNodeData } from './p2p-nodes.ts'
import { P2P_SCHEMAS } from './p2p-schema.ts'

export interface P2pDeps {
  /** Absent when the node is in no network. */
  readonly p2p: PeerToPeer | undefined
  /** Whether the routes are served that only web pages ask. */
  readonly webUi: boolean
}

/**
 * The private network under LocalAI's paths and field names. Members that serve are its federated nodes. Nodes that lend
 * only their memory to one model do not exist here: the lists that LocalAI has for them are there, and empty.
 */
export const p2pRoutes: FastifyPluginAsync<P2pDeps> = async (app, { p2p, webUi }) => {
  const members = (): readonly Member[] => (p2p === undefined ? [] : listMembers(p2p, Date.now()))
  const serving = (): readonly Member[] => members().filter(({ offer }) => offer.serves)

  app.get('/api/p2p', { schema: P2P_SCHEMAS.all }, async () => ({
    llama_cpp_nodes: [],
    nodes: [],
    federated_nodes: serving().map(toNodeData),
    mlx_nodes: [],
  }))

  if (webUi) addPageRoutes(app, serving)

  app.get('/api/p2p/token', { schema: P2P_SCHEMAS.token, config: { access: 'admin' } }, async (_request, reply) => {
    reply.type('text/plain; charset=utf-8').header('Cache-Control', 'no-store')
    if (p2p === undefined) return reply.send('')
    return reply.send(p2p.token())
  })

  // Ours: everything that `local-ai p2p status` shows.
  app.get('/api/p2p/status', { schema: P2P_SCHEMAS.status, config: { access: 'admin' } }, async () => {
    if (p2p === undefined) return { enabled: false }
    return { enabled: true, ...p2p.status(), members: members().map(toNode) }
  })
}

function addPageRoutes(app: FastifyInstance, serving: () => readonly Member[]): void {
  app.get('/api/p2p/workers', { schema: P2P_SCHEMAS.workers }, async () => ({
    llama_cpp: { nodes: [] },
    mlx: { nodes: [] },
    nodes: [],
  }))

  app.get('/api/p2p/federation', { schema: P2P_SCHEMAS.federation }, async () => ({ nodes: serving().map(toNode) }))

  app.get('/api/p2p/stats', { schema: P2P_SCHEMAS.stats }, async () => {
    const nodes = serving()
    const none = { online: 0, total: 0 }
    return {
      llama_cpp_workers: none,
      workers: none,
      federated: { online: nodes.filter(isOnline).length, total: nodes.length },
      mlx_workers: none,
    }
  })
}
