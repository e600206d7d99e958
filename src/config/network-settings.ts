import { resolve } from 'node:path'
import {
  bool,
  count,
  duration,
  type Kind,
  list,
  oneOf,
  optional,
  optionalText,
  path,
  setting,
  text,
  type Values,
} from './setting.ts'

/** The folder of what this node is and was told; whoever reads it can be this node. */
export const dataSettings = {
  dataPath: setting({
    flags: ['--data-path'],
    env: ['LOCALAI_DATA_PATH'],
    fallback: () => resolve('data'),
    fallbackText: './data',
    help: "Folder of the node's own data: its identity, the network's token",
    group: 'Storage',
    kind: path,
  }),
} as const

/** Which network: for every command that joins one or looks at one. */
export const tokenSettings = {
  ...dataSettings,
  p2pToken: setting({
    flags: ['--p2ptoken', '--p2p-token'],
    env: ['LOCALAI_P2P_TOKEN', 'P2P_TOKEN', 'TOKEN'],
    fallback: undefined,
    fallbackText: 'the one kept in --data-path',
    help: 'Token of the network to join',
    group: 'P2P',
    kind: optionalText,
    secret: true,
  }),
  p2pTokenFile: setting({
    flags: ['--p2p-token-file'],
    env: ['LOCALAI_P2P_TOKEN_FILE', 'P2P_TOKEN_FILE'],
    fallback: undefined,
    help: 'File that holds the token; - reads it from standard input',
    group: 'P2P',
    kind: { ...optionalText, placeholder: 'PATH' },
  }),
  p2pDhtInterval: setting({
    flags: ['--p2p-dht-interval'],
    env: ['LOCALAI_P2P_DHT_INTERVAL', 'P2P_DHT_INTERVAL'],
    fallback: 360,
    help: 'Seconds after which the meeting point in the DHT moves; goes into a generated token',
    group: 'P2P',
    kind: count,
  }),
  p2pOtpInterval: setting({
    flags: ['--p2p-otp-interval'],
    env: ['LOCALAI_P2P_OTP_INTERVAL', 'P2P_OTP_INTERVAL'],
    fallback: 9000,
    help: 'Seconds after which the admission key changes; goes into a generated token',
    group: 'P2P',
    kind: count,
  }),
} as const

const reachSettings = {
  p2pBootstrap: setting({
    flags: ['--p2p-bootstrap'],
    env: ['LOCALAI_P2P_BOOTSTRAP_PEERS_MADDRS'],
    fallback: [],
    fallbackText: '',
    help: 'Members to call first, as HOST:PORT or multiaddress; needed where mDNS does not reach',
    group: 'P2P',
    kind: list,
  }),
  p2pListen: setting({
    flags: ['--p2p-listen'],
    env: ['LOCALAI_P2P_LISTEN_MADDRS'],
    fallback: [],
    fallbackText: 'all interfaces, on the port of the last start',
    help: 'Multiaddresses to listen on: /ip4/0.0.0.0/tcp/7946',
    group: 'P2P',
    kind: list,
  }),
  p2pAnnounce: setting({
    flags: ['--p2p-announce'],
    env: ['LOCALAI_P2P_DHT_ANNOUNCE_MADDRS'],
    fallback: [],
    fallbackText: 'the addresses of --p2p-listen',
    help: 'Multiaddresses to tell others, behind a NAT or in a container',
    group: 'P2P',
    kind: list,
  }),
  p2pMdns: setting({
    flags: ['--p2p-mdns'],
    env: ['LOCALAI_P2P_MDNS'],
    fallback: true,
    help: 'Find members on the local network by multicast DNS',
    group: 'P2P',
    kind: bool,
  }),
  p2pRelay: setting({
    flags: ['--p2p-relay'],
    env: ['LOCALAI_P2P_RELAY'],
    fallback: 'auto',
    help: 'Be reachable through other members: auto does so when nobody reaches this node, on always, off never',
    group: 'P2P',
    kind: oneOf('auto', 'on', 'off'),
  }),
  p2pDisableDht: setting({
    flags: ['--p2p-disable-dht'],
    env: ['LOCALAI_P2P_DISABLE_DHT'],
    fallback: false,
    help: 'Do not look for members in the DHT',
    group: 'P2P',
    kind: bool,
  }),
  p2pEnableLimits: setting({
    flags: ['--p2p-enable-limits'],
    env: ['LOCALAI_P2P_ENABLE_LIMITS'],
    fallback: false,
    help: 'Few connections and streams, for small machines',
    group: 'P2P',
    kind: bool,
  }),
  p2pLogLevel: setting({
    flags: ['--p2p-log-level'],
    env: ['LOCALAI_P2P_LOGLEVEL'],
    fallback: 'info',
    help: 'Level of what is logged about the network',
    group: 'P2P',
    kind: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
  p2pLibLogLevel: setting({
    flags: ['--p2p-lib-log-level'],
    env: ['LOCALAI_P2P_LIB_LOGLEVEL'],
    fallback: 'fatal',
    help: 'Level of what libp2p itself logs',
    group: 'P2P',
    kind: oneOf('fatal', 'panic', 'dpanic', 'error', 'warn', 'info', 'debug', 'trace'),
  }),
} as const

/** How a node joins and is found. */
export const joinSettings = {
  ...tokenSettings,
  ...reachSettings,
  nodeName: setting({
    flags: ['--node-name'],
    env: ['LOCALAI_NODE_NAME'],
    fallback: undefined,
    fallbackText: 'the host name',
    help: 'Name of this node in the network',
    group: 'P2P',
    kind: optionalText,
  }),
  p2pNetworkId: setting({
    flags: ['--p2p-network-id', '--peer-2-peer-network-id'],
    env: ['LOCALAI_P2P_NETWORK_ID', 'P2P_NETWORK_ID'],
    fallback: '',
    help: 'Group of nodes inside the network that serve for each other. Not a border: a token opens all groups',
    group: 'P2P',
    kind: text,
  }),
  p2pPublicSummary: setting({
    flags: ['--p2p-public-summary'],
    env: ['LOCALAI_P2P_PUBLIC_SUMMARY'],
    fallback: false,
    help: "Tell whoever has the network's view token (local-ai p2p view-token) how many nodes and which models there are",
    group: 'P2P',
    kind: bool,
  }),
  p2pPublicName: setting({
    flags: ['--p2p-public-name'],
    env: ['LOCALAI_P2P_PUBLIC_NAME'],
    fallback: '',
    help: 'What the network is called in that summary',
    group: 'P2P',
    kind: text,
  }),
} as const

export type JoinSettings = Values<typeof joinSettings>

/** How requests are shared out. */
export const routingSettings = {
  nodeHeader: setting({
    flags: ['--node-header'],
    env: ['LOCALAI_NODE_HEADER'],
    fallback: true,
    help: 'Tell in X-LocalAI-Node which node answered',
    group: 'Federation',
    kind: bool,
  }),
  federationQueue: setting({
    flags: ['--federation-queue'],
    env: ['LOCALAI_FEDERATION_QUEUE'],
    fallback: 256,
    help: 'Requests that may wait for a free node; beyond it 429',
    group: 'Federation',
    kind: count,
  }),
  federationQueueTimeoutMs: setting({
    flags: ['--federation-queue-timeout'],
    env: ['LOCALAI_FEDERATION_QUEUE_TIMEOUT'],
    fallback: 60_000,
    fallbackText: '1m',
    help: 'How long one may wait; beyond it 429',
    group: 'Federation',
    kind: duration,
  }),
  federationTries: setting({
    flags: ['--federation-tries'],
    env: ['LOCALAI_FEDERATION_TRIES'],
    fallback: 3,
    help: 'Nodes to try before a request fails',
    group: 'Federation',
    kind: count,
  }),
  federationPolicy: setting({
    flags: ['--federation-policy'],
    env: ['LOCALAI_FEDERATION_POLICY'],
    fallback: 'weighted',
    help: 'Which node gets a request: weighted the one that is predicted to finish first, least-busy the one with most free places, round-robin one after the other, random any',
    group: 'Federation',
    kind: oneOf('weighted', 'least-busy', 'round-robin', 'random'),
  }),
  idempotencyWindowMs: setting({
    flags: ['--idempotency-window'],
    env: ['LOCALAI_IDEMPOTENCY_WINDOW'],
    fallback: 600_000,
    fallbackText: '10m',
    help: 'How long a request that comes again under its Idempotency-Key gets the answer that was made; 0: never',
    group: 'Federation',
    kind: duration,
  }),
  randomWorker: setting({
    flags: ['--random-worker'],
    env: ['LOCALAI_RANDOM_WORKER', 'RANDOM_WORKER'],
    fallback: false,
    help: 'Pick any node that has the model, as --federation-policy random does',
    group: 'Federation',
    kind: bool,
  }),
  targetWorker: setting({
    flags: ['--target-worker'],
    env: ['LOCALAI_TARGET_WORKER', 'TARGET_WORKER'],
    fallback: undefined,
    help: 'Send everything to the node of this name or id',
    group: 'Federation',
    kind: optionalText,
  }),
} as const

/** What `run` understands of the network. */
export const memberSettings = {
  ...joinSettings,
  ...routingSettings,
  p2p: setting({
    flags: ['--p2p'],
    env: ['LOCALAI_P2P', 'P2P'],
    fallback: undefined,
    help: 'Join the network of the token, or found one when there is none. A token alone is enough',
    group: 'P2P',
    kind: optional(bool),
  }),
  federated: setting({
    flags: ['--federated'],
    env: ['LOCALAI_FEDERATED', 'FEDERATED'],
    fallback: false,
    help: 'Serve for the network, and let the network serve what this node has not',
    group: 'P2P',
    kind: bool,
  }),
} as const

export type RoutingSettings = Values<typeof routingSettings>

/** The variable is also the one that gives a node its keys, which may be several: each of them opens it. */
const firstKey: Kind<string | undefined> = { ...optionalText, parse: (value) => list.parse(value)[0] }

/** `local-ai p2p …`: a node that runs, asked over its API. */
export const endpointSettings = {
  endpoint: setting({
    flags: ['--endpoint'],
    env: ['LOCALAI_ENDPOINT'],
    fallback: 'http://127.0.0.1:8080',
    help: 'API of the running node to ask',
    group: 'API',
    kind: text,
  }),
  apiKey: setting({
    flags: ['--api-key'],
    env: ['LOCALAI_API_KEY', 'API_KEY'],
    fallback: undefined,
    help: 'Key of that API; give it in the variable: a command line is seen by everybody on the machine',
    group: 'API',
    kind: firstKey,
    secret: true,
  }),
} as const

/** `local-ai p2p doctor`. */
export const doctorSettings = {
  ...joinSettings,
  timeoutMs: setting({
    flags: ['--timeout'],
    env: [],
    fallback: 10_000,
    fallbackText: '10s',
    help: 'How long to try',
    group: 'P2P',
    kind: duration,
  }),
} as const
