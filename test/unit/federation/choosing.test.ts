import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toPolicy } from '../../../src/compose/to-policy.ts'
import type { Seen } from '../../../src/federation/observed/seen.ts'
import type { Candidate, Question } from '../../../src/federation/policies/choose.ts'
import { predict, usualOf } from '../../../src/federation/policies/predict.ts'
import { prefixAffinity } from '../../../src/federation/policies/prefix-affinity.ts'
import { roundRobin } from '../../../src/federation/policies/round-robin.ts'
import { sampled } from '../../../src/federation/policies/sampled.ts'
import { sessionAffinity } from '../../../src/federation/policies/session-affinity.ts'
import { weighted } from '../../../src/federation/policies/weighted.ts'
import { seededRandom } from '../../support/random.ts'
import { ask, makeCandidate } from './make-candidate.ts'

const SPEEDS = { promptTokensPerSecond: 1000, generationTokensPerSecond: 100 }
const seen = (traits: Partial<Seen> = {}): Seen => ({
  ...{ weight: 30, requestMs: 1100, promptTokenMs: 1, tokenMs: 10, crowding: 0, loadMs: undefined, overdueMs: 0 },
  ...traits,
})
const known = (name: string, traits: Partial<Candidate> = {}): Candidate =>
  makeCandidate(name, { ...SPEEDS, seen: seen(), slots: 2, ...traits })

function first(
  candidates: readonly Candidate[],
  question: Partial<Question> = {},
  policy = weighted,
): string | undefined {
  return policy.order(candidates, ask(question))[0]?.candidate.name
}

describe('the prediction', () => {
  const of = (candidate: Candidate, question: Partial<Question> = {}) =>
    predict(candidate, ask(question), usualOf([candidate]))

  test('is prompt, answer and the way there, when nothing is in the way', () => {
    const { firstTokenMs, endMs } = of(known('a', { roundTripMs: 5 }))
    assert.ok(Math.abs(firstTokenMs - 105) < 1e-6 && Math.abs(endMs - 1105) < 1e-6)
  })

  test('holds the wait for those before, spread over the slots', () => {
    assert.equal(of(known('a', { busy: 1, roundTripMs: 0 })).firstTokenMs, 100)
    assert.equal(of(known('a', { busy: 2, roundTripMs: 0 })).firstTokenMs, 100 + 1100 / 2)
    assert.equal(of(known('a', { busy: 5, roundTripMs: 0 })).firstTokenMs, 100 + (4 * 1100) / 2)
  })

  test('holds the load of a model, as seen, or as its size tells', () => {
    const gigabytes = { loaded: false, fileSizeBytes: 4e9, roundTripMs: 0 }
    assert.equal(of(known('a', gigabytes)).firstTokenMs, 100 + 2000 + 10_000)
    assert.equal(of(known('a', { ...gigabytes, seen: seen({ loadMs: 700 }) })).firstTokenMs, 800)
  })

  test('is shorter by what the node keeps of the prompt, and longer by what is late there', () => {
    assert.ok(Math.abs(of(known('a', { prefixShare: 0.75, roundTripMs: 0 })).firstTokenMs - 25) < 1e-6)
    assert.equal(of(known('a', { roundTripMs: 0, seen: seen({ overdueMs: 400 }) })).firstTokenMs, 500)
  })

  test('counts that answers slow each other down', () => {
    const crowded = known('a', { slots: 4, busy: 2, roundTripMs: 0, seen: seen({ crowding: 0.5 }) })
    assert.equal(of(crowded).endMs, 100 + 1000 * 2)
  })
})

describe('weighted', () => {
  test('a fast node is worth waiting for, up to a point', () => {
    const fast = (busy: number) =>
      known('fast', { busy, seen: seen({ tokenMs: 5, promptTokenMs: 0.5, requestMs: 550 }) })
    const slow = known('slow', { seen: seen({ tokenMs: 20, promptTokenMs: 2, requestMs: 2200 }) })
    assert.equal(first([slow, fast(2)]), 'fast')
    assert.equal(first([slow, fast(5)]), 'fast')
    assert.equal(first([slow, fast(9)]), 'slow')
  })

  test('a long prompt goes to who reads fast, a long answer to who writes fast', () => {
    const reads = known('reads', { seen: seen({ promptTokenMs: 0.1, tokenMs: 20 }) })
    const writes = known('writes', { seen: seen({ promptTokenMs: 2, tokenMs: 5 }) })
    assert.equal(first([reads, writes], { promptTokens: 10_000, answerTokens: 20 }), 'reads')
    assert.equal(first([reads, writes], { promptTokens: 20, answerTokens: 2000 }), 'writes')
  })

  test('a claim counts until it was seen that it is none', () => {
    const honest = known('honest')
    const boaster = { promptTokensPerSecond: 1e6, generationTokensPerSecond: 1e6 }
    const lies = (weight: number) =>
      known('boaster', { ...boaster, seen: seen({ weight, promptTokenMs: 4, tokenMs: 40, requestMs: 4400 }) })
    assert.equal(first([honest, known('boaster', { ...boaster, seen: undefined })]), 'boaster')
    assert.equal(first([honest, lies(6)]), 'honest')
    assert.equal(first([honest, lies(30)]), 'honest')
  })

  test('of whom nothing is known is like the others, not better and not worse', () => {
    const scores = weighted
      .order([known('a'), known('b'), makeCandidate('new', { slots: 2 })], ask())
      .map(({ score = 0 }) => score)
    assert.ok(Math.max(...scores) / Math.min(...scores) < 1.05)
  })

  test('requests that tell no tokens are known by how long they take', () => {
    const plain = { promptTokensPerSecond: undefined, generationTokensPerSecond: undefined }
    const takes = (name: string, requestMs: number) =>
      known(name, { ...plain, seen: seen({ tokenMs: undefined, promptTokenMs: undefined, requestMs }) })
    assert.equal(first([takes('slow', 900), takes('fast', 100)], { promptTokens: 0 }), 'fast')
  })

  test('a node that is trusted less counts as slower', () => {
    assert.equal(first([known('a', { standing: { ejected: false, share: 0.2 } }), known('b', { busy: 1 })]), 'b')
  })
})

describe('a node that keeps the prompt', () => {
  const policy = prefixAffinity(weighted)
  const long = { promptTokens: 200, answerTokens: 50 }

  test('is preferred, also when another would be done as soon', () => {
    assert.equal(first([known('a'), known('b', { prefixShare: 0.9, busy: 1 }), known('c')], long, policy), 'b')
    assert.equal(first([known('near'), known('far', { prefixShare: 0.9, roundTripMs: 250 })], long, policy), 'far')
  })

  test('the one that keeps most', () => {
    assert.equal(first([known('a', { prefixShare: 0.5 }), known('b', { prefixShare: 0.7 })], long, policy), 'b')
  })

  test('not when it is full, far slower, has to load the model first, or keeps next to nothing', () => {
    for (const traits of [
      { prefixShare: 0.9, busy: 2 },
      { prefixShare: 0.9, seen: seen({ tokenMs: 60 }) },
      { prefixShare: 0.9, loaded: false },
      { prefixShare: 0.2, roundTripMs: 60 },
    ]) {
      assert.equal(first([known('holder', traits), known('other')], long, policy), 'other')
    }
  })
})

describe('a session', () => {
  const policy = sessionAffinity(weighted, { maxRatio: 2 })
  const crowd = ['a', 'b', 'c', 'd'].map((name) => known(name))
  const sessions = Array.from({ length: 400 }, (_, at) => `session ${at}`)
  const nodeOf = (session: string, candidates = crowd) => first(candidates, { session, random: Math.random }, policy)

  test('meets the same node each time, and sessions are spread by slots', () => {
    const counts = new Map<string | undefined, number>()
    const uneven = [...crowd.slice(1), known('a', { slots: 6 })]
    for (const session of sessions) {
      assert.equal(nodeOf(session), nodeOf(session))
      const node = nodeOf(session, uneven)
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
    assert.ok((counts.get('a') ?? 0) > 160 && (counts.get('a') ?? 0) < 240)
    for (const name of ['b', 'c', 'd']) assert.ok((counts.get(name) ?? 0) > 40 && (counts.get(name) ?? 0) < 95)
  })

  test('only the sessions of a node that is gone move', () => {
    for (const session of sessions) {
      const before = nodeOf(session)
      if (before !== 'b')
        assert.equal(
          nodeOf(
            session,
            crowd.filter(({ name }) => name !== 'b'),
          ),
          before,
        )
    }
  })

  test('does not wait for its node when that is full or far slower', () => {
    const own = nodeOf('s')
    for (const traits of [{ busy: 2 }, { seen: seen({ tokenMs: 100 }) }, { standing: { ejected: true, share: 1 } }]) {
      assert.notEqual(
        nodeOf(
          's',
          crowd.map((one) => (one.name === own ? known(one.name, traits) : one)),
        ),
        own,
      )
    }
  })
})

describe('very many nodes', () => {
  const crowd = Array.from({ length: 1000 }, (_, at) => known(`n${at}`, { busy: 2 + (at % 7) }))

  test('are not all weighed, yet a good one is found, and nobody is left out', () => {
    const random = seededRandom(3)
    const order = sampled(weighted, { above: 384, count: 128 }).order(crowd, ask({ random }))
    assert.equal(order.filter(({ score }) => score !== undefined).length, 128)
    assert.equal(order.length, 1000)
    assert.equal(order[0]?.candidate.busy, 2)
  })

  test('who keeps the prompt is always among them', () => {
    const random = seededRandom(4)
    const policy = sampled(prefixAffinity(weighted), { above: 384, count: 128 })
    const holder = known('holder', { prefixShare: 0.9 })
    for (let round = 0; round < 20; round += 1) {
      assert.equal(policy.order([...crowd, holder], ask({ random }))[0]?.candidate, holder)
    }
  })
})

describe('round robin', () => {
  test('takes turns, however the candidates stand', () => {
    const crowd = [known('b'), known('c'), known('a')]
    const turns = [0, 1, 2, 3].map((turn) => first(crowd, { turn }, roundRobin))
    assert.deepEqual(turns, ['a', 'b', 'c', 'a'])
  })
})

describe('the settings', () => {
  const plain = { federationPolicy: 'weighted', randomWorker: false, targetWorker: undefined } as const

  test("what LocalAI's flags say counts more than the policy", () => {
    assert.equal(toPolicy({ ...plain, randomWorker: true }).name, 'random')
    const pinned = toPolicy({ ...plain, federationPolicy: 'least-busy', targetWorker: 'b' })
    const order = pinned.order([known('a'), known('b', { busy: 9 })], ask())
    assert.deepEqual(
      order.map(({ candidate }) => candidate.name),
      ['b'],
    )
  })

  test('the default looks at sessions, prompts and times', () => {
    assert.equal(toPolicy(plain).name, 'weighted+prefix+session')
    assert.equal(toPolicy({ ...plain, federationPolicy: 'round-robin' }).name, 'round-robin+session')
  })
})
