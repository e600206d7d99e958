import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LiveNode } from '../../../src/api/ui/event-schema.ts'
import { bestAddress, hostAndPort, joinCommand } from '../../../ui/src/network/join-command.ts'
import { boxOf, layOut, lettersFor, overlap, type Point, RADII } from '../../../ui/src/network/layout.ts'
import { loadInShort, occupationOf } from '../../../ui/src/network/node-words.ts'
import type { Explanation } from '../../../ui/src/requests/explanation.ts'
import { toLanes, toWords } from '../../../ui/src/requests/lanes.ts'

describe('where nodes are drawn', () => {
  for (const width of [1100, 700, 330]) {
    for (const count of [0, 1, 2, 9, 18, 40, 200]) {
      it(`${count} nodes have room on ${width} pixels`, () => {
        const [self, name] = ['this node'.padEnd(lettersFor(width), 'x'), 'other'.padEnd(lettersFor(width), 'x')]
        const layout = layOut({ width, names: Array(count).fill(name), self })
        const { points, radius, height, centre } = layout
        assert.equal(points.length, count)
        for (const { x, y } of points) assert.ok(x > radius && x < width - radius && y > radius && y < height - radius)
        if (!layout.names) {
          // Many nodes on a telephone touch each other: the list below shows them.
          if (count <= 40 || width > 500) assert.ok(nearest(points) > radius)
          return
        }
        const boxes = [...points.map((point) => boxOf(point, name, radius)), boxOf(centre, self, RADII.self)]
        for (const [index, box] of boxes.entries()) {
          assert.ok(box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height, 'is seen whole')
          for (const other of boxes.slice(index + 1)) assert.ok(!overlap(box, other), 'lies over nothing')
        }
      })
    }
  }

  it('names stand there as long as there is room for them', () => {
    const named = (count: number, width: number): boolean =>
      layOut({ width, names: Array(count).fill('workshop'), self: 'attic' }).names
    assert.deepEqual(
      [9, 14, 60].map((count) => named(count, 1100)),
      [true, true, false],
    )
    assert.deepEqual(
      [9, 18, 19].map((count) => named(count, 330)),
      [true, true, false],
    )
  })
})

function nearest(points: readonly Point[]): number {
  const apart = points.flatMap((one, index) =>
    points.slice(index + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y)),
  )
  return Math.min(...apart)
}

const NODE: LiveNode = {
  ...{ id: 'i', name: 'n', tunnelAddress: '', serviceID: '', peerID: 'i', version: 'v', group: '', device: 'cpu' },
  ...{ lastSeen: '2026-01-01T00:00:00Z', isOnline: true, state: 'linked', path: 'direct', roundTripMs: 1 },
  ...{ addresses: [], backends: [], models: [], draining: false, memory: { total: 2e9, free: 1e9 } },
  ...{ serves: true, running: 2, slots: 4, queued: 0 },
}
const LENDS = { protocol: '1', build: 'b', device: 'CPU', memoryBytes: 24e9, busy: false, waiting: 0 }

describe('how busy a node is', () => {
  it('is told of those that answer requests; others have a dash, and what they lend', () => {
    const none = { ...NODE, serves: false, running: 0, slots: 0 }
    const lender = { ...none, lends: { ...LENDS, weightBytesPerSecond: {} } }
    const told = [NODE, { ...NODE, queued: 3 }, none, lender, { ...lender, lends: { ...lender.lends, busy: true } }]
    assert.deepEqual(
      told.map((node) => `${loadInShort(node)}: ${occupationOf(node)}`),
      [
        '2/4: 2 of 4 answers at the same time',
        '2/4 +3: 2 of 4 answers at the same time, 3 waiting',
        '–: makes no answers for others',
        '–: lends 24.0 GB, free',
        '–: lends 24.0 GB, in use',
      ],
    )
  })
})

describe('how a machine joins', () => {
  it('by an address that others can call, where there is one', () => {
    assert.equal(hostAndPort('/ip4/192.168.1.4/tcp/7946/p2p/12D3'), '192.168.1.4:7946')
    assert.equal(hostAndPort('/ip6/fd00::1/tcp/1'), '[fd00::1]:1')
    assert.equal(hostAndPort('/p2p/12D3/p2p-circuit/p2p/12D3'), undefined)
    assert.equal(bestAddress(['/p2p/x/p2p-circuit', '/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/2']), '10.0.0.1:2')
    assert.equal(bestAddress(['/ip4/127.0.0.1/tcp/1']), '127.0.0.1:1')
    assert.equal(
      joinCommand('serve', { program: 'local-ai', token: 'T', address: 'h:1' }),
      'export TOKEN="T"\nlocal-ai run --p2p --federated \\\n  --p2p-bootstrap h:1',
    )
    assert.equal(
      joinCommand('entry', { program: 'npm start --', token: 'T', address: undefined }),
      'export TOKEN="T"\nnpm start -- federated',
    )
  })
})

const [A, B] = [
  { peerId: 'a', name: 'ada' },
  { peerId: 'b', name: 'bob' },
]

/** Nobody was free, ada failed, bob answered and died, ada went on. */
const STORY: Explanation = {
  ...{ id: 'r', startedAt: '2026-01-01T00:00:00Z', state: 'ended', method: 'POST', path: '/', capability: 'chat' },
  ...{ tries: 2, hedges: 0, seams: 1, queuedMs: 10, firstBytesMs: 40, totalMs: 100, outcome: 'answered', status: 200 },
  node: A ?? { peerId: '', name: '' },
  decisions: [{ atMs: 0, policy: 'weighted', looks: 2, waitedMs: 10, candidates: [], others: 0 }],
  timeline: [
    { type: 'try', atMs: 10, node: A as never, outcome: 'unreachable', ms: 5 },
    { type: 'try', atMs: 15, node: B as never, outcome: 'answered', ms: 25 },
    { type: 'seam', atMs: 60, from: B as never, to: A as never, cause: 'lost', tokens: 7, sentBytes: 30, pauseMs: 20 },
  ],
}

describe('one request across nodes', () => {
  it('is a lane for each node, with what it did in it', () => {
    const lanes = toLanes(STORY, 0).map(({ name, spans }) => ({
      name,
      spans: spans.map(({ kind, fromMs, toMs }) => `${kind} ${fromMs}-${toMs}`),
    }))
    assert.deepEqual(lanes, [
      { name: 'waiting here', spans: ['waiting 0-10'] },
      { name: 'ada', spans: ['failed 10-15', 'answering 80-100', 'pause 60-80'] },
      { name: 'bob', spans: ['asked 15-40', 'answering 40-60'] },
    ])
  })

  it('ends where nobody could go on', () => {
    const timeline = STORY.timeline.map((step) => {
      if (step.type !== 'seam') return step
      const { to, ...rest } = step
      return { ...rest, code: 'federation.unavailable' }
    })
    const bob = toLanes({ ...STORY, timeline, node: B as never }, 0).find(({ name }) => name === 'bob')
    assert.deepEqual(
      bob?.spans.map(({ kind, fromMs, toMs }) => `${kind} ${fromMs}-${toMs}`),
      ['asked 15-40', 'answering 40-60', 'pause 60-80'],
    )
  })

  it('is no lane where nobody was asked, and told in words then too', () => {
    const { node, firstBytesMs, status, ...rest } = STORY
    const nobody = { tries: 0, seams: 0, outcome: 'unrouted', code: 'network.model-not-found' } as const
    const story: Explanation = { ...rest, ...nobody, decisions: [], timeline: [], totalMs: 1 }
    assert.deepEqual(toLanes(story, 0), [])
    assert.equal(toWords(story).at(-1)?.words, 'nobody could serve it (network.model-not-found)')
  })

  it('is told in words, in the order of time', () => {
    assert.deepEqual(
      toWords(STORY).map(({ atMs, words }) => `${atMs} ${words}`),
      [
        '0 it came',
        '10 ada: asked, and nobody was there',
        '15 bob: asked, and it answered',
        '40 the first bytes of the answer',
        '60 bob was lost after 7 tokens; ada went on, 20 ms later',
        '100 answered (status 200)',
      ],
    )
  })
})
