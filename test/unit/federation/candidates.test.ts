import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findCandidates } from '../../../src/federation/candidates.ts'
import { TRUSTED } from '../../../src/federation/health/node-health.ts'
import { homeOf } from '../../../src/federation/home.ts'
import { nobodyServes } from '../../../src/federation/nobody-serves.ts'
import type { LocalNode } from '../../../src/federation/routed-request.ts'
import type { PeerView } from '../../../src/p2p/network.ts'
import { makeModel, makePeer, SERVES_NOTHING } from './make-peer.ts'

const self = { peerId: 'self', name: 'here', group: 'red' }

function around(peers: readonly PeerView[], local: LocalNode = SERVES_NOTHING, busy = (_: string): number => 0) {
  return { self, local, peers, busy, standingOf: () => TRUSTED }
}

const wanted = (model: string | undefined, capability = 'chat') => ({ model, capability })

const namesOf = (...[request, surroundings]: Parameters<typeof findCandidates>): readonly string[] =>
  findCandidates(request, surroundings).map(({ name }) => name)

describe('candidates', () => {
  test('are linked members of the same group that serve, do not drain or leave, and have the model', () => {
    const group = 'red'
    const peers = [
      makePeer('good', { group, models: ['m', 'n'] }),
      makePeer('other-model', { group, models: ['n'] }),
      makePeer('other-group', { group: 'blue', models: ['m'] }),
      makePeer('no-group', { models: ['m'] }),
      makePeer('entry', { group, models: ['m'], serves: false }),
      makePeer('draining', { group, models: ['m'], draining: true }),
      makePeer('silent', { group, models: ['m'], state: 'silent' }),
      makePeer('leaving', { group, models: ['m'], leaving: true }),
    ]
    assert.deepEqual(namesOf(wanted('m'), around(peers)), ['good'])
  })

  test('a named model is enough, whatever the endpoint: the node says what it thinks of that', () => {
    const peers = [makePeer('a', { group: 'red', models: [makeModel('m', { capabilities: ['embeddings'] })] })]
    assert.deepEqual(namesOf(wanted('m', 'chat'), around(peers)), ['a'])
  })

  test('without a named model, any that can do it', () => {
    const group = 'red'
    const peers = [
      makePeer('talks', { group, models: [makeModel('t')] }),
      makePeer('embeds', { group, models: [makeModel('e', { capabilities: ['embeddings'], loaded: false })] }),
      makePeer('both', { group, models: [makeModel('t'), makeModel('e', { capabilities: ['embeddings'] })] }),
    ]
    const found = findCandidates(wanted(undefined, 'embeddings'), around(peers))
    assert.deepEqual(
      found.map(({ name, loaded }) => [name, loaded]),
      [
        ['embeds', false],
        ['both', true],
      ],
    )
  })

  test('what lives on one node is asked of that node alone, and what lives here of nobody else', () => {
    const twin = makePeer('self', { group: 'red' })
    const there = makePeer('there', { group: 'red' })
    const surroundings = { ...around([twin, there]), self: { ...self, peerId: 'id-self' } }
    const at = (peerId: string) => namesOf({ ...wanted(undefined), home: homeOf(peerId) }, surroundings)
    assert.deepEqual(at('id-there'), ['there'])
    assert.deepEqual(at('id-self'), ['here'], 'not of a member whose id looks like it')
    assert.deepEqual(at('id-gone'), ['here'])
  })

  test('tell what the choice needs', () => {
    const cold = makeModel('m', {
      loaded: false,
      fileSizeBytes: 9,
      promptTokensPerSecond: 50,
      generationTokensPerSecond: 5,
    })
    const facts = { seen: undefined, prefixShare: 0.5 }
    const peers = [makePeer('a', { group: 'red', models: [cold], slots: 4, roundTripMs: 7 })]
    const busy = (peerId: string): number => (peerId === 'id-a' ? 3 : 0)
    const surroundings = { ...around(peers, SERVES_NOTHING, busy), factsOf: () => facts }
    assert.partialDeepStrictEqual(findCandidates(wanted('m'), surroundings), [
      {
        ...{ peerId: 'id-a', name: 'a', local: false, slots: 4, busy: 3, loaded: false, roundTripMs: 7 },
        ...{ fileSizeBytes: 9, promptTokensPerSecond: 50, generationTokensPerSecond: 5 },
        ...{ standing: TRUSTED, ...facts },
      },
    ])
  })

  test('a node of no slots has one', () => {
    assert.equal(
      findCandidates(wanted('m'), around([makePeer('a', { group: 'red', models: ['m'], slots: 0 })]))[0]?.slots,
      1,
    )
  })

  test('this node is one too, with the requests that others brought here', () => {
    const local = { serves: (model?: string) => model === 'm', loaded: () => true, slots: 2, busy: () => 5 }
    const [found, ...others] = findCandidates(
      wanted('m'),
      around([], local, () => 1),
    )
    assert.partialDeepStrictEqual(found, {
      peerId: 'self',
      name: 'here',
      local: true,
      slots: 2,
      busy: 5,
      loaded: true,
      roundTripMs: 0,
      standing: TRUSTED,
    })
    assert.equal(others.length, 0)
    assert.equal(
      findCandidates(
        wanted('m'),
        around([], { ...local, busy: () => 0 }, () => 1),
      )[0]?.busy,
      1,
    )
    assert.deepEqual(findCandidates(wanted('n'), around([], local)), [])
  })
})

describe('why nobody serves', () => {
  const group = 'red'

  test('nobody is there', () => {
    const silent = makePeer('a', { group, models: ['n'], state: 'silent' })
    for (const peers of [[], [silent]]) {
      assert.equal(nobodyServes(wanted('m'), around(peers)).code, 'federation.unavailable')
    }
  })

  test('nobody has the model: the models there are, in order', () => {
    const peers = [makePeer('a', { group, models: ['z', 'b'] }), makePeer('b', { group, models: ['b', 'Y'] })]
    const local = { ...SERVES_NOTHING, models: () => ['here'] }
    const error = nobodyServes(wanted('m'), around(peers, local))
    assert.equal(error.code, 'network.model-not-found')
    assert.equal(error.message, 'no node of the network has model "m"; there are: Y, b, here, z')
  })

  test('nobody can do it', () => {
    const error = nobodyServes(wanted(undefined, 'embeddings'), around([makePeer('a', { group })]))
    assert.equal(error.code, 'network.model-not-found')
    assert.equal(error.message, 'no node of the network has a model for embeddings; there are none')
  })

  test('who has it cannot be asked just now', () => {
    const there = makePeer('b', { group, models: ['n'] })
    for (const traits of [{ state: 'silent' }, { draining: true }] as const) {
      const error = nobodyServes(wanted('m'), around([there, makePeer('a', { group, models: ['m'], ...traits })]))
      assert.equal(error.code, 'federation.unavailable')
    }
    const foreign = makePeer('a', { group: 'blue', models: ['m'] })
    assert.equal(nobodyServes(wanted('m'), around([there, foreign])).code, 'network.model-not-found')
  })

  test('however many and long the names are, the message is short', () => {
    const models = Array.from({ length: 500 }, (_, at) => `${at}${'x'.repeat(1000)}`)
    const { message } = nobodyServes(wanted('y'.repeat(1000)), around([makePeer('a', { group, models })]))
    assert.ok(message.length < 8000)
    assert.match(message, / and 450 more$/)
  })
})
