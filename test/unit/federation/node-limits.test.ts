import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createNodeLimits, LIMITS_DEFAULTS } from '../../../src/federation/node-limits.ts'
import type { Attempt, RoutedRequest } from '../../../src/federation/routed-request.ts'
import { seededRandom } from '../../support/random.ts'

const REQUEST: RoutedRequest = {
  ...{ id: '1', method: 'POST', target: '/', headers: {}, body: undefined, model: 'm', capability: 'chat' },
}

function createScene() {
  const limits = createNodeLimits({ ...LIMITS_DEFAULTS, usual: 1.5 })
  return {
    of: (peerId = 'a') => limits.requestsPerSlot(peerId),
    tell(outcome: Attempt['outcome'], { ms = 100, times = 1, peerId = 'a' } = {}) {
      for (let left = times; left > 0; left -= 1) limits.tried(REQUEST, { peerId, name: peerId, outcome, ms })
    },
  }
}

describe('how many requests a node may have', () => {
  test('is the usual number while nothing is known, and for each node its own', () => {
    const scene = createScene()
    scene.tell('answered', { times: 5 })
    assert.equal(scene.of(), 1.5)
    scene.tell('answered', { times: 50 })
    assert.ok(scene.of() > 1.5)
    assert.equal(scene.of('b'), 1.5)
  })

  test('grows while answers begin as soon as ever, up to the most', () => {
    const scene = createScene()
    scene.tell('answered', { times: 500 })
    assert.equal(scene.of(), LIMITS_DEFAULTS.most)
  })

  test('shrinks when they begin much later, down to one for each slot, and grows again when that is over', () => {
    const scene = createScene()
    scene.tell('answered', { times: 100 })
    scene.tell('answered', { ms: 3000, times: 20 })
    const shrunk = scene.of()
    assert.ok(shrunk < 1.6, `${shrunk}`)
    scene.tell('answered', { times: 100 })
    assert.ok(scene.of() > shrunk)
  })

  test('is not moved down by prompts of all lengths', () => {
    const scene = createScene()
    const random = seededRandom(7)
    for (let count = 0; count < 2000; count += 1) scene.tell('answered', { ms: 60 * 20 ** random() })
    assert.ok(scene.of() > 1.5, `${scene.of()}`)
  })

  test('shrinks at once when the node refuses, and never leaves its bounds', () => {
    const scene = createScene()
    scene.tell('not-started')
    assert.ok(Math.abs(scene.of() - 1.2) < 1e-9)
    scene.tell('not-started', { times: 20 })
    assert.equal(scene.of(), 1)
    scene.tell('unreachable', { times: 20 })
    assert.equal(scene.of(), 1)
  })
})
