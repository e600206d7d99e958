import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { lendingRoutes } from './p2p-lending.ts'
import { isOnline, listMembers, type Member, type PeerToPeer, toNode, toNodeData } from './p2p-nodes.ts'
import { rosterRoutes } from './p2p-roster.ts'
import { P2P_SCHEMAS } from './p2p-schema.ts'
import { listWorkers } from './p2p-workers.ts'

export interface P2pDeps {
  /** Absent when the node is in no network. */
  readonly p2p: PeerToPeer | undefined
  /** Whether the routes are served that only web pages ask. */
  readonly webUi: boolean
}

/**
 * The private network under LocalAI's paths and field names. Members that serve are its federated nodes, and members that
 * lend their memory are its llama.cpp workers; a node may be both.
 */
export const p2pRoutes: FastifyPluginAsync<P2pDeps> = async (app, { p2p, webUi }) => {
  const members = (): readonly Member[] => (p2p === undefined ? [] : listMembers(p2p, Date.now()))
  const serving = (): readonly Member[] => members().filter(({ offer }) => offer.serves)

  const lending = (): readonly Member[] => members().filter(({ offer }) => offer.lends !== undefined)

  app.get('/api/p2p', { schema: P2P_SCHEMAS.all }, async () => {
    const workers = lending().map(toNodeData)
    return {
      llama_cpp_nodes: workers,
      nodes: workers,
      federated_nodes: serving().map(toNodeData),
      mlx_nodes: [],
    }
  })

  const present = () =>
    members().map((member) => ({ peerId: member.peerId, name: member.name, online: isOnline(member) }))
  app.register(rosterRoutes, { roster: p2p?.roster, present })
  app.register(lendingRoutes, { workers: p2p?.workers })
  if (webUi) addPageRoutes(app, { serving, workers: () => listWorkers(members(), p2p?.workers, Date.now()) })

  app.get('/api/p2p/token', { schema: P2P_SCHEMAS.token, config: { access: 'admin' } }, async (_request, reply) => {
    reply.type('text/plain; charset=utf-8').header('Cache-Control', 'no-store')
    if (p2p === undefined) return reply.send('')
    return reply.send(p2p.token())
  })

  // Ours: what lets others see the network and not join it.
  app.get('/api/p2p/view-token', { schema: P2P_SCHEMAS.viewToken, config: { access: 'admin' } }, async () => {
    if (p2p === undefined) throw new AppError('request.not-found', 'this node is in no network: start it with --p2p')
    return p2p.viewToken()
  })

  // Ours: everything that `local-ai p2p status` shows.
  app.get('/api/p2p/status', { schema: P2P_SCHEMAS.status, config: { access: 'admin' } }, async () => {
    if (p2p === undefined) return { enabled: false }
    return { enabled: true, ...p2p.status(), members: members().map(toNode) }
  })
}

interface Listed {
  readonly serving: () => readonly Member[]
  readonly workers: () => ReturnType<typeof listWorkers>
}

function addPageRoutes(app: FastifyInstance, { serving, workers }: Listed): void {
  app.get('/api/p2p/workers', { schema: P2P_SCHEMAS.workers }, async () => {
    const nodes = workers()
    return { llama_cpp: { nodes }, mlx: { nodes: [] }, nodes }
  })

  app.get('/api/p2p/federation', { schema: P2P_SCHEMAS.federation }, async () => ({ nodes: serving().map(toNode) }))

  app.get('/api/p2p/stats', { schema: P2P_SCHEMAS.stats }, async () => {
    const nodes = serving()
    const lent = workers()
    const count = { online: lent.filter((worker) => worker.isOnline).length, total: lent.length }
    return {
      llama_cpp_workers: count,
      workers: count,
      federated: { online: nodes.filter(isOnline).length, total: nodes.length },
      mlx_workers: { online: 0, total: 0 },
    }
  })
}
