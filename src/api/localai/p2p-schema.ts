import { type TProperties, Type } from 'typebox'
import { Worker } from './p2p-workers.ts'

const Texts = Type.Array(Type.String())
/** Lists that LocalAI has for nodes of a kind that does not exist here. */
const Nobody = Type.Array(Type.Never(), { maxItems: 0 })

/** LocalAI's `NodeData`, and our fields. */
const NodeData = Type.Object({
  Name: Type.String(),
  ID: Type.String(),
  TunnelAddress: Type.String(),
  ServiceID: Type.String(),
  LastSeen: Type.String(),
  PeerID: Type.String(),
  Version: Type.String(),
  Models: Texts,
  AvailableVRAM: Type.Number(),
  InFlight: Type.Integer(),
  IsOnline: Type.Boolean(),
})

const ModelAdvert = Type.Object({
  name: Type.String(),
  loaded: Type.Boolean(),
  capabilities: Texts,
  contextSize: Type.Optional(Type.Number()),
  fileSizeBytes: Type.Optional(Type.Number()),
  fileHash: Type.Optional(Type.String()),
  created: Type.Optional(Type.Number()),
  description: Type.Optional(Type.String()),
  promptTokensPerSecond: Type.Optional(Type.Number()),
  generationTokensPerSecond: Type.Optional(Type.Number()),
})

/** What `toNode` makes. */
export const Node = Type.Object({
  name: Type.String(),
  id: Type.String(),
  tunnelAddress: Type.String(),
  serviceID: Type.String(),
  lastSeen: Type.String(),
  isOnline: Type.Boolean(),
  peerID: Type.String(),
  version: Type.String(),
  models: Type.Array(ModelAdvert),
  backends: Texts,
  device: Type.String(),
  slots: Type.Integer(),
  running: Type.Integer(),
  queued: Type.Integer(),
  memory: Type.Object({ total: Type.Number(), free: Type.Number() }),
  draining: Type.Boolean(),
  roundTripMs: Type.Union([Type.Number(), Type.Null()]),
  path: Type.Enum(['direct', 'relayed', 'self']),
  state: Type.String(),
  addresses: Texts,
})

const Finding = Type.Object({
  problem: Type.String(),
  message: Type.String(),
  address: Type.Optional(Type.String()),
  at: Type.Number(),
})

const Status = Type.Union([
  Type.Object({ enabled: Type.Literal(false) }),
  Type.Object({
    enabled: Type.Literal(true),
    peerId: Type.String(),
    name: Type.String(),
    networkId: Type.String(),
    addresses: Texts,
    linked: Type.Integer(),
    findings: Type.Array(Finding),
    bytesSent: Type.Number(),
    bytesReceived: Type.Number(),
    members: Type.Array(Node),
  }),
])

const Count = Type.Object({ online: Type.Integer(), total: Type.Integer() })

function about<T extends TProperties>(summary: string, answer: T) {
  return { tags: ['p2p'], summary, response: { 200: Type.Object(answer) } }
}

/** What each route of the private network answers. */
export const P2P_SCHEMAS = {
  all: about('The nodes of the network', {
    llama_cpp_nodes: Type.Array(NodeData),
    nodes: Type.Array(NodeData),
    federated_nodes: Type.Array(NodeData),
    mlx_nodes: Nobody,
  }),
  token: { tags: ['p2p'], summary: 'The token of the network', response: { 200: Type.String() } },
  viewToken: about('What lets others see the network and not join it', {
    viewToken: Type.String(),
    viewId: Type.String(),
    publicSummary: Type.Boolean(),
  }),
  status: { tags: ['p2p'], summary: 'This node and its links', response: { 200: Status } },
  workers: about('Nodes that lend memory', {
    llama_cpp: Type.Object({ nodes: Type.Array(Worker) }),
    mlx: Type.Object({ nodes: Nobody }),
    nodes: Type.Array(Worker),
  }),
  federation: about('Nodes that answer for each other', { nodes: Type.Array(Node) }),
  stats: about('How many nodes there are', {
    llama_cpp_workers: Count,
    workers: Count,
    federated: Count,
    mlx_workers: Count,
  }),
}
