// What the pictures of the network and its requests show: ten machines of one house, as their stream tells of them.

const GB = 1e9
const NOW = Date.now()

const MACHINES = [
  ['attic', { running: 2, free: 9.1, total: 16, models: [0, 2] }],
  ['bureau', { running: 1, free: 21.5, total: 32, roundTripMs: 0.4, models: [0, 1, 3] }],
  [
    'cellar',
    { running: 4, queued: 2, free: 3.2, total: 64, roundTripMs: 0.6, models: [1, 2], device: 'NVIDIA RTX 4090' },
  ],
  ['den', { free: 6.1, total: 8, roundTripMs: 1.9, models: [0] }],
  ['garage', { state: 'silent', free: 4, total: 16, models: [0] }],
  ['kitchen', { free: 2.2, total: 4, roundTripMs: 2.4, serves: false, models: [] }],
  [
    'lab',
    {
      running: 3,
      free: 70.2,
      total: 128,
      roundTripMs: 0.5,
      models: [0, 2, 3],
      lends: { memoryBytes: 64 * GB, busy: true },
    },
  ],
  ['office', { free: 11.8, total: 16, roundTripMs: 18, path: 'relayed', models: [0, 1] }],
  ['studio', { running: 1, free: 18.4, total: 24, roundTripMs: 0.9, models: [1, 3], draining: true }],
  [
    'workshop',
    {
      free: 28.3,
      total: 32,
      roundTripMs: 0.7,
      models: [],
      serves: false,
      lends: { memoryBytes: 24 * GB, busy: false },
    },
  ],
]
const MODELS = [
  ['llama-3.2-1b-instruct', 0.81, 61.2],
  ['qwen2.5-7b-instruct', 4.7, 24.5],
  ['mistral-small-24b-instruct', 14.3, 9.8],
  ['nomic-embed-text-v1.5', 0.14, undefined],
]

const idOf = (name) => `12D3KooW${name}HmMmyrnSZVDB7W34yHAAZknr2EmcZcjm`.slice(0, 52)

function toNode([name, node], index) {
  const { running = 0, queued = 0, free, total, roundTripMs = null, serves = true, draining = false, lends } = node
  const state = index === 0 ? 'self' : (node.state ?? 'linked')
  const id = idOf(name)
  return {
    ...{ name, id, tunnelAddress: '', serviceID: name, peerID: id, version: 'v0.1.0', group: '', serves, draining },
    ...{ lastSeen: new Date(NOW - (state === 'silent' ? 95_000 : 200)).toISOString(), isOnline: state !== 'silent' },
    ...{ running, queued, slots: serves ? 4 : 0, memory: { total: total * GB, free: free * GB }, state },
    ...{
      device: node.device ?? 'cpu',
      backends: serves ? ['llama-cpp'] : [],
      roundTripMs: index === 0 ? 0 : roundTripMs,
    },
    path: index === 0 ? 'self' : (node.path ?? 'direct'),
    addresses: [`/ip4/192.168.1.${20 + index}/tcp/7946/p2p/${id}`],
    models: node.models.map((model) => toModel(MODELS[model], running > 0)),
    ...(lends === undefined
      ? {}
      : {
          lends: {
            ...{ protocol: '7.0.0', build: '3.22.1-linux-x64', device: 'CPU', waiting: lends.busy ? 1 : 0 },
            ...{ ...lends, weightBytesPerSecond: { q4_K: 18.2 * GB, f16: 21.4 * GB } },
          },
        }),
  }
}

function toModel([name, size, tokensPerSecond], loaded) {
  const capabilities = tokensPerSecond === undefined ? ['embeddings'] : ['chat', 'completion', 'tokenize']
  const speed = loaded && tokensPerSecond !== undefined ? { generationTokensPerSecond: tokensPerSecond } : {}
  return { name, loaded, capabilities, contextSize: 8192, fileSizeBytes: size * GB, ...speed }
}

const PATHS = ['/v1/chat/completions', '/v1/chat/completions', '/v1/messages', '/v1/responses', '/v1/chat/completions']

/** Newest last; a few of them with a story. */
function requests() {
  const rows = Array.from({ length: 40 }, (_, index) => {
    const [model, , pace = 0] = MODELS[(index * 7) % 3]
    const name = ['attic', 'bureau', 'cellar', 'lab', 'den'][(index * 3) % 5]
    const tokens = 40 + ((index * 53) % 300)
    const firstBytesMs = 90 + ((index * 37) % 400)
    return {
      ...{ id: `req-${index}`, startedAt: new Date(NOW - (40 - index) * 4200).toISOString(), method: 'POST' },
      ...{ path: PATHS[index % 5], capability: 'chat', model, policy: 'weighted+prefix+session', state: 'ended' },
      ...{
        to: name === 'attic' ? 'local' : 'remote',
        node: { peerId: idOf(name), name },
        outcome: 'answered',
        status: 200,
      },
      ...{ tries: 1, hedges: 0, seams: 0, queuedMs: index % 9 === 0 ? 420 : 0, firstBytesMs, tokens },
      ...{ totalMs: firstBytesMs + (1000 * tokens) / pace, tokensPerSecond: pace },
    }
  })
  Object.assign(rows[36], { seams: 1, tries: 2, id: 'seam' })
  Object.assign(rows[33], { tries: 2, hedges: 1 })
  Object.assign(rows[29], { outcome: 'cancelled' })
  Object.assign(rows[24], {
    outcome: 'unrouted',
    to: 'nobody',
    node: undefined,
    status: 429,
    code: 'federation.overloaded',
  })
  for (const [index, row] of rows.slice(-2).entries()) {
    Object.assign(row, {
      state: index === 0 ? 'answering' : 'routing',
      outcome: undefined,
      totalMs: undefined,
      status: undefined,
    })
    Object.assign(row, { tokens: undefined, tokensPerSecond: undefined })
    if (index === 1) Object.assign(row, { to: undefined, node: undefined, firstBytesMs: undefined })
  }
  return rows
}

function seam() {
  const [garage, lab, cellar] = ['garage', 'lab', 'cellar'].map((name) => ({ peerId: idOf(name), name }))
  const candidate = { local: false, slots: 4, loaded: true, ejected: false, share: 1 }
  return {
    ...requests()[36],
    ...{
      model: 'mistral-small-24b-instruct',
      node: lab,
      tokens: 212,
      tokensPerSecond: 9.6,
      firstBytesMs: 840,
      totalMs: 23_900,
    },
    decisions: [
      {
        ...{ atMs: 0.2, policy: 'weighted+prefix+session', looks: 3, waitedMs: 410, others: 0 },
        candidates: [
          { ...candidate, ...garage, busy: 1, roundTripMs: 0.7, prefixShare: 0.62, score: 3120 },
          { ...candidate, ...lab, busy: 3, roundTripMs: 0.5, prefixShare: 0, score: 5480 },
          { ...candidate, ...cellar, busy: 4, roundTripMs: 0.6, prefixShare: 0, share: 0.5, score: 9170 },
        ],
      },
    ],
    timeline: [
      { type: 'try', atMs: 411, node: garage, outcome: 'answered', ms: 429 },
      { type: 'seam', atMs: 12_400, from: garage, to: lab, cause: 'lost', tokens: 108, sentBytes: 480, pauseMs: 640 },
    ],
  }
}

function workers() {
  const lent = MACHINES.map(toNode).filter(({ lends }) => lends !== undefined)
  return lent.map(({ lends, ...node }) => ({
    ...{ ...node, ...lends, memory: lends.memoryBytes },
    ...(lends.busy
      ? {
          use: {
            ...{
              model: 'mistral-small-24b-instruct',
              memoryBytes: 9.4 * GB,
              layers: 26,
              since: '',
              roundTrips: 41_200,
            },
            ...{ bytesIn: 0.31 * GB, bytesOut: 0.42 * GB, weightBytes: 9.1 * GB, cachedWeightBytes: 9.1 * GB },
          },
        }
      : {}),
  }))
}

/** Instead of the node's own stream and answers. */
async function pretend(page) {
  const standing = {
    ...{ networkId: '5210ab84f496c78e644a59aebd64f5bb', addresses: ['/ip4/192.168.1.20/tcp/7946'] },
    findings: [
      {
        problem: 'unreachable',
        message: 'garage (192.168.1.24:7946) does not answer: is it running?',
        at: NOW - 95_000,
      },
    ],
    drain: { draining: false, running: 2 },
  }
  const reset = { version: 'v0.1.0', program: 'local-ai', self: idOf('attic'), manages: true }
  const update = { reset, nodes: MACHINES.map(toNode), standing, requests: requests(), operations: [] }
  await page.addInitScript((data) => {
    window.EventSource = class {
      constructor() {
        setTimeout(() => this.onmessage?.({ data }), 0)
      }
      close() {}
    }
  }, JSON.stringify(update))
  await page.route('**/api/p2p/workers', (route) => route.fulfill({ json: { nodes: workers() } }))
  await page.route('**/api/federation/requests/seam', (route) => route.fulfill({ json: seam() }))
  await page.route('**/api/p2p/token', (route) =>
    route.fulfill({ body: 'bm90IGEgdG9rZW46IGp1c3QgYSBwaWN0dXJlIG9mIG9uZQ=='.repeat(6) }),
  )
}

/** Rows for `screenshots.mjs`. */
export const NETWORK_SCREENS = [
  {
    name: 'network',
    path: '',
    prepare: [pretend],
    ready: (page) => page.getByText('This node keeps 26 layers').waitFor(),
  },
  {
    name: 'node',
    path: `nodes/${idOf('lab')}`,
    prepare: [pretend],
    ready: (page) => page.getByRole('heading', { name: 'Lent memory' }).waitFor(),
  },
  {
    name: 'join',
    path: '',
    prepare: [pretend],
    async ready(page) {
      await page.getByRole('button', { name: 'Add a machine' }).click()
      await page.getByText('local-ai run --p2p --federated').waitFor()
    },
  },
  { name: 'requests', path: 'requests', prepare: [pretend], ready: (page) => page.getByRole('row').nth(5).waitFor() },
  { name: 'request', path: 'requests/seam', prepare: [pretend], ready: (page) => page.getByText('went on').waitFor() },
]
