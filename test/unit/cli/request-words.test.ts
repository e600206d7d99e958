import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readExplanation, readRequests } from '../../../src/cli/commands/p2p/explained-answers.ts'
import { requestRow, tellStory } from '../../../src/cli/commands/p2p/request-words.ts'

const plain = (_style: unknown, text: string): string => text
const A = { peerId: 'id-a', name: 'a' }
const B = { peerId: 'id-b', name: 'b' }

const answer = {
  ...{ id: 'r1', startedAt: '2026-01-02T03:04:05.678Z', state: 'ended', method: 'POST', path: '/v1/chat/completions' },
  ...{ capability: 'chat', model: 'tiny', policy: 'weighted', to: 'remote', node: B, outcome: 'answered', status: 200 },
  ...{
    tries: 3,
    hedges: 1,
    seams: 1,
    queuedMs: 120,
    firstBytesMs: 350,
    totalMs: 12_345,
    tokens: 50,
    tokensPerSecond: 9.5,
  },
  decisions: [
    {
      ...{ atMs: 0.04, policy: 'weighted', looks: 3, waitedMs: 120, others: 2 },
      candidates: [
        {
          ...A,
          local: false,
          busy: 1,
          slots: 4,
          loaded: true,
          roundTripMs: 0.5,
          prefixShare: 0.8,
          ejected: false,
          share: 1,
          score: 12.5,
        },
        { ...B, local: true, busy: 0, slots: 2, loaded: false, ejected: false, share: 0.25 },
        { ...B, name: 'c', local: false, busy: 0, slots: 2, loaded: true, ejected: true, share: 1 },
      ],
    },
  ],
  timeline: [
    { type: 'try', atMs: 121, node: { ...A, name: 'z' }, outcome: 'broken', ms: 30 },
    { type: 'hedge', atMs: 300, node: B, afterMs: 140 },
    { type: 'try', atMs: 300, node: B, outcome: 'answered', ms: 50 },
    { type: 'seam', atMs: 900, from: A, to: B, cause: 'stalled', tokens: 12, sentBytes: 99, pauseMs: 640 },
    {
      type: 'seam',
      atMs: 1900,
      from: B,
      cause: 'lost',
      tokens: 20,
      sentBytes: 99,
      pauseMs: 1,
      code: 'federation.unavailable',
    },
  ],
}

describe('a request in words', () => {
  it('shows the candidates and what happened in its order', () => {
    const story = readExplanation(answer)
    assert.ok(story !== undefined)
    assert.deepEqual(tellStory(story, plain).split('\n'), [
      'r1  /v1/chat/completions  2026-01-02T03:04:05.678Z',
      'It asked for tiny; b served it (120 ms in the queue, 50 tokens, 9.5 tokens/s, 12.3 s in all).',
      '',
      'After 0 ms the policy "weighted" had this order, best first (a lower score is better); it looked 3 times in 120 ms until one was free:',
      '  NODE           SCORE  BUSY  MODEL         RTT     PROMPT     STANDING',
      '  a              12.5   1/4   loaded        0.5 ms  80 % kept  trusted',
      '  b (this node)  -      0/2   to be loaded  -       -          25 % of its share',
      '  c              -      0/2   loaded        -       -          out: it failed or was slow',
      'and 2 more',
      '',
      '  0 ms     it came',
      '  121 ms   asked z: the connection was lost (30 ms)',
      '  300 ms   nothing had come for 140 ms: b was asked as well',
      '  300 ms   asked b: it answered (50 ms)',
      '  350 ms   the first bytes of the answer',
      '  900 ms   a fell silent after 12 tokens; b went on, 640 ms later',
      '  1900 ms  b was lost after 20 tokens, and nobody could go on (federation.unavailable)',
      '  12.3 s   answered (status 200)',
      '',
    ])
  })

  it('says what became of those that nobody served, that wait, and that broke off', () => {
    const words = (facts: object): string => {
      const story = readExplanation({ id: 'r', path: '/x', ...facts })
      assert.ok(story !== undefined)
      return tellStory(story, plain).split('\n')[1] ?? ''
    }
    assert.equal(words({}), 'It named no model; it is still being decided who serves it.')
    assert.equal(
      words({ to: 'nobody', outcome: 'unrouted', code: 'federation.overloaded', state: 'ended' }),
      'It named no model; nobody served it (federation.overloaded).',
    )
    assert.equal(
      words({ to: 'local', state: 'answering' }),
      'It named no model; this node served it, and its answer goes on.',
    )
    assert.equal(
      words({ to: 'remote', node: B, state: 'ended', outcome: 'lost' }),
      'It named no model; b served it, and its answer broke off.',
    )
  })

  it('is one line in the list, without what could command a terminal', () => {
    const [request] = readRequests({ requests: [{ ...answer, model: 'ti\u001b[31mny' }, 7] })
    assert.ok(request !== undefined)
    assert.deepEqual(requestRow(request), [
      ...['03:04:05.678', 'r1', 'ti[31mny', 'b', 'answered', '3 (hedged)', '1', '120 ms', '350 ms', '12.3 s', '9.5'],
    ])
  })

  it('is nothing when a node answers something else', () => {
    assert.equal(readExplanation([]), undefined)
    assert.deepEqual(readRequests({ requests: 'none' }), [])
  })
})
