import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { createNodeHealth, HEALTH_DEFAULTS } from '../../../src/federation/health/create-node-health.ts'
import { createPlaces, type Search } from '../../../src/federation/places.ts'
import type { RoutedRequest } from '../../../src/federation/routed-request.ts'
import { sorting } from './make-candidate.ts'
import { makeModel, makePeer, SERVES_NOTHING } from './make-peer.ts'

const NOBODY: Search = { asked: new Map() }
const MODEL = makeModel('m', { likeness: 'x' })
const REQUEST: RoutedRequest = {
  ...{ id: '1', method: 'POST', target: '/', headers: {}, body: undefined, model: 'm', capability: 'chat' },
}

/** An entry before nodes that all have the model; the policy likes them in the order of their names. */
function createScene(names: readonly string[], init: { slots?: number; perSlot?: Record<string, number> } = {}) {
  let at = 0
  const { slots = 2, perSlot = {} } = init
  let peers = names.map((name) => makePeer(name, { models: [MODEL], slots }))
  const now = () => at
  const health = createNodeHealth({ now }, HEALTH_DEFAULTS)
  const places = createPlaces(
    {
      network: { peerId: 'entry', name: 'entry', peers: () => peers },
      local: { ...SERVES_NOTHING, slots: 0 },
      policy: sorting((left, right) => (left.name < right.name ? -1 : 1)),
      health,
      limits: { requestsPerSlot: (peerId) => perSlot[peerId] ?? 1 },
      now,
      random: () => 0.5,
    },
    { group: '', requestsPerSlot: 1.5, queue: { maxLength: 10, maxWaitMs: 60_000 } },
  )
  places.refresh()
  return {
    places,
    pass(ms: number) {
      at += ms
    },
    set(traits: Record<string, Parameters<typeof makePeer>[1]>) {
      peers = names.map((name) => makePeer(name, { models: [MODEL], slots, ...traits[name] }))
      places.refresh()
    },
    fail(name: string) {
      for (let count = 0; count < 3; count += 1) {
        health.tried(REQUEST, { peerId: `id-${name}`, name, outcome: 'unreachable', ms: 1 })
      }
    },
    recover: (name: string) => health.tried(REQUEST, { peerId: `id-${name}`, name, outcome: 'answered', ms: 1 }),
    take: (request: Partial<RoutedRequest> = {}) => places.book({ ...REQUEST, ...request }, NOBODY),
  }
}

type Scene = ReturnType<typeof createScene>

/** Who gets the next requests, each of which ends at once. */
async function next(scene: Scene, count = 1): Promise<string> {
  const names: string[] = []
  for (let left = count; left > 0; left -= 1) {
    const place = await scene.take()
    names.push(place.candidate.name)
    place.release()
  }
  return names.join(' ')
}

describe('places on nodes that fail', () => {
  test('a node that is out gets one probe when it is due, and nothing else until that went well', async () => {
    const scene = createScene(['a', 'b', 'c'])
    scene.fail('a')
    assert.equal(await next(scene, 3), 'b b b')
    scene.pass(2000)
    assert.equal(await next(scene, 3), 'a b b')
    scene.recover('a')
    scene.pass(10_000)
    assert.equal(await next(scene), 'a')
  })

  test('a request that has failed once is no probe', async () => {
    const scene = createScene(['a', 'b', 'c'])
    scene.fail('a')
    scene.pass(2000)
    assert.equal((await scene.places.book(REQUEST, { asked: new Map([['id-c', 'never']]) })).candidate.name, 'b')
  })

  test('when nobody else is left, it is asked', async () => {
    const scene = createScene(['a', 'b', 'c'])
    scene.fail('a')
    const others = new Map([['id-b', 'never'] as const, ['id-c', 'never'] as const])
    assert.equal((await scene.places.book(REQUEST, { asked: others })).candidate.name, 'a')
  })

  test('a newcomer comes after the others most of the time, and is used when they are full', async () => {
    const scene = createScene(['a', 'b'], { slots: 1 })
    scene.set({ a: { state: 'silent' } })
    scene.pass(20_000)
    scene.set({})
    const first = await scene.take()
    const second = await scene.take()
    assert.deepEqual([first.candidate.name, second.candidate.name], ['b', 'a'])
  })

  test('a node that drains gets nothing, and is not among the sick', async () => {
    const scene = createScene(['a', 'b'])
    scene.set({ a: { draining: true } })
    assert.equal(await next(scene, 2), 'b b')
  })
})

describe('how many requests a node has', () => {
  test('is what was learned of each', async () => {
    const scene = createScene(['a', 'b'], { perSlot: { 'id-a': 1.5 } })
    const names: string[] = []
    for (let count = 0; count < 5; count += 1) names.push((await scene.take()).candidate.name)
    assert.deepEqual(names, ['a', 'a', 'a', 'b', 'b'])
    assert.equal(scene.places.tryBook(REQUEST, NOBODY), undefined)
  })

  test('what need not be asked now does not overtake those who wait, but an answer in the middle does', async () => {
    const scene = createScene(['a'], { slots: 1 })
    const place = await scene.take()
    const waiting = scene.take()
    place.release()
    assert.equal(scene.places.tryBook(REQUEST, NOBODY), undefined)
    assert.equal((await waiting).candidate.name, 'a')
    assert.equal(scene.places.tryBook(REQUEST, { ...NOBODY, likeness: 'x' })?.candidate.name, 'a')
    assert.equal(scene.places.tryBook({ ...REQUEST, model: 'other' }, NOBODY), undefined)
  })
})

test('urgent requests overtake, and one whose client has given up is not begun', async () => {
  const scene = createScene(['a'], { slots: 1 })
  const place = await scene.take()
  const order: string[] = []
  for (const priority of ['low', 'normal', 'high'] as const) {
    scene.take({ priority }).then(
      ({ release }) => {
        order.push(priority)
        release()
      },
      () => {},
    )
  }
  const late = scene.take({ giveUpAt: -1 })
  await assert.rejects(late, { code: 'federation.overloaded' })
  assert.equal(scene.places.waiting(), 3)
  place.release()
  await new Promise(setImmediate)
  assert.equal(scene.places.waiting(), 0)
  assert.deepEqual(order, ['high', 'normal', 'low'])
  scene.places.close(new AppError('node.stopping', 'over'))
})

test('an answer that could be carried on begins where it could be, while there is room', async () => {
  const scene = createScene(['a', 'b'], { slots: 1 })
  scene.set({ a: { models: [makeModel('m')] } })
  const ask = async (carriesOn: boolean) => (await scene.take({ carriesOn })).candidate.name
  assert.equal(await ask(true), 'b')
  assert.equal(await ask(true), 'a')
})
