import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Candidate, Policy } from '../../../src/federation/policies/choose.ts'
import { leastBusy } from '../../../src/federation/policies/least-busy.ts'
import { pinned } from '../../../src/federation/policies/pinned.ts'
import { prefixAffinity } from '../../../src/federation/policies/prefix-affinity.ts'
import { randomNode } from '../../../src/federation/policies/random.ts'
import { roundRobin } from '../../../src/federation/policies/round-robin.ts'
import { sampled } from '../../../src/federation/policies/sampled.ts'
import { sessionAffinity } from '../../../src/federation/policies/session-affinity.ts'
import { weighted } from '../../../src/federation/policies/weighted.ts'
import { seededRandom } from '../../support/random.ts'
import { ask, makeCandidate } from './make-candidate.ts'

const onTop = prefixAffinity(weighted)

const POLICIES: readonly Policy[] = [
  leastBusy,
  randomNode,
  roundRobin,
  weighted,
  onTop,
  sessionAffinity(onTop, { maxRatio: 2 }),
  sessionAffinity(leastBusy, { maxRatio: Number.POSITIVE_INFINITY }),
  sampled(onTop, { above: 20, count: 8 }),
  pinned('a', weighted),
  pinned('nowhere', leastBusy),
]

/** Numbers as nodes may tell them, honest or not. */
const ODD = [undefined, 0, 1e-9, 1, 50, 1e9, Number.MAX_SAFE_INTEGER]

function makeCrowd(seed: number, size: number): readonly Candidate[] {
  const random = seededRandom(seed)
  const oneOf = <Value>(values: readonly Value[]): Value | undefined => values[Math.floor(random() * values.length)]
  return Array.from({ length: size }, (_, at) =>
    makeCandidate(`${String.fromCharCode(97 + (at % 20))}${at < 20 ? '' : at}`, {
      busy: Math.floor(random() * 9),
      slots: 1 + Math.floor(random() * 4),
      loaded: random() < 0.7,
      roundTripMs: random() < 0.3 ? undefined : random() * 40,
      standing: { ejected: random() < 0.2, share: random() },
      promptTokensPerSecond: oneOf(ODD),
      generationTokensPerSecond: oneOf(ODD),
      fileSizeBytes: oneOf(ODD),
      prefixShare: random() < 0.5 ? undefined : random(),
      seen:
        random() < 0.5
          ? undefined
          : {
              weight: random() * 20,
              requestMs: oneOf(ODD),
              promptTokenMs: oneOf(ODD),
              tokenMs: oneOf(ODD),
              crowding: random(),
              loadMs: oneOf(ODD),
              overdueMs: oneOf(ODD) ?? 0,
            },
    }),
  )
}

for (const policy of POLICIES) {
  describe(`what every policy promises: ${policy.name}`, () => {
    const crowds = [1, 2, 3, 4, 5].flatMap((seed) => [3, 40].map((size) => makeCrowd(seed, size)))
    const questions = [ask(), ask({ session: 's', turn: 7 }), ask({ promptTokens: 0, answerTokens: 0, turn: 1e9 })]
    const each = (check: (crowd: readonly Candidate[], question: ReturnType<typeof ask>) => void): void => {
      for (const crowd of crowds) for (const question of questions) check(crowd, question)
    }

    test('gives some of the candidates, none twice', () => {
      each((crowd, question) => {
        const order = policy.order(crowd, { ...question, random: seededRandom(1) })
        assert.equal(new Set(order.map(({ candidate }) => candidate)).size, order.length)
        for (const { candidate } of order) assert.ok(crowd.includes(candidate))
        if (policy.name !== 'pinned') assert.equal(order.length, crowd.length)
      })
    })

    test('is the same for the same candidates and dice, and changes nothing', () => {
      each((crowd, question) => {
        const before = structuredClone(crowd)
        const order = (): unknown => policy.order(crowd, { ...question, random: seededRandom(5) })
        assert.deepEqual(order(), order())
        assert.deepEqual(crowd, before)
      })
    })

    test('puts ejected nodes last', () => {
      each((crowd, question) => {
        const ejected = policy.order(crowd, question).map(({ candidate }) => candidate.standing.ejected)
        assert.deepEqual(ejected, [...ejected].sort())
      })
    })

    test('never gives a score that cannot be compared', () => {
      each((crowd, question) => {
        for (const { score } of policy.order(crowd, question)) assert.ok(score === undefined || Number.isFinite(score))
      })
    })

    test('lives with no candidates, one, and the ends of the dice', () => {
      assert.deepEqual(policy.order([], ask()), [])
      for (const dice of [0, 0.999_999_999_999_999_9]) {
        each((crowd, question) => {
          const random = (): number => dice
          assert.ok(policy.order(crowd, { ...question, random }).length <= crowd.length)
          assert.ok(policy.order([makeCandidate('a')], { ...question, random }).length <= 1)
        })
      }
    })
  })
}
