import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { createAdmissionQueue } from '../../../src/federation/admission-queue.ts'
import type { Priority } from '../../../src/federation/priority.ts'

interface Wish {
  caller?: string
  lane?: string
  priority?: Priority
  giveUpAt?: number
  signal?: AbortSignal
}

/** A queue before `places` places, which are the same for every lane. */
function createStage(init: { places: number; maxLength?: number; maxWaitMs?: number }) {
  let at = 0
  let free = init.places
  const served: string[] = []
  const queue = createAdmissionQueue<string>(
    { now: () => at },
    { maxLength: init.maxLength ?? 100, maxWaitMs: init.maxWaitMs ?? 60_000 },
  )
  return {
    queue,
    served,
    enter(name: string, { caller = '', lane = 'm', signal, ...wish }: Wish = {}) {
      const take = (): string | undefined => {
        if (free === 0) return undefined
        free -= 1
        served.push(name)
        return name
      }
      return queue.admit({ lane, caller, take, ...wish }, signal === undefined ? {} : { signal })
    },
    /** Gives one place back, and waits until whoever can be served is. */
    async release(afterMs = 0) {
      at += afterMs
      free += 1
      queue.wake()
      await Promise.resolve()
    },
    end: () => queue.close(new AppError('node.stopping', 'over')),
  }
}

const overloaded = { name: 'AppError', code: 'federation.overloaded' } as const

/** For those who are refused when the test ends. */
const quietly = (promise: Promise<unknown>): void => void promise.catch(() => {})

describe('the queue', () => {
  test('lets in at once while there are places', async () => {
    const stage = createStage({ places: 2 })
    assert.deepEqual(await Promise.all([stage.enter('a'), stage.enter('b')]), ['a', 'b'])
  })

  test('serves in the order of coming, one for each place that is given back', async () => {
    const stage = createStage({ places: 0 })
    const all = ['a', 'b', 'c'].map((name) => stage.enter(name))
    await stage.release()
    assert.deepEqual(stage.served, ['a'])
    await stage.release()
    await stage.release()
    assert.deepEqual(await Promise.all(all), ['a', 'b', 'c'])
  })

  test('nobody who comes later overtakes those who wait', async () => {
    const stage = createStage({ places: 0 })
    const first = stage.enter('first')
    const release = stage.release()
    const late = stage.enter('late')
    quietly(late)
    await release
    await first
    assert.deepEqual(stage.served, ['first'])
    stage.end()
  })

  test('callers take turns, however many requests one of them has', async () => {
    const stage = createStage({ places: 0 })
    for (const name of ['a1', 'a2', 'a3']) quietly(stage.enter(name, { caller: 'a' }))
    for (const name of ['b1', 'b2']) quietly(stage.enter(name, { caller: 'b' }))
    quietly(stage.enter('c1', { caller: 'c' }))
    for (let count = 0; count < 6; count += 1) await stage.release()
    assert.deepEqual(stage.served, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  test('lanes take turns, and one without places holds up no other', async () => {
    const stage = createStage({ places: 0 })
    for (const name of ['m1', 'm2']) quietly(stage.enter(name, { lane: 'm' }))
    quietly(stage.enter('n1', { lane: 'n' }))
    const blocked = stage.queue.admit({ lane: 'blocked', caller: '', take: () => undefined })
    for (let count = 0; count < 3; count += 1) await stage.release()
    assert.deepEqual(stage.served, ['m1', 'n1', 'm2'])
    stage.end()
    await assert.rejects(blocked, { code: 'node.stopping' })
  })

  test('wakes that come together serve as many as there are places', async () => {
    const stage = createStage({ places: 0 })
    const all = ['a', 'b', 'c'].map((name) => stage.enter(name))
    for (const one of all) quietly(one)
    await Promise.all([stage.release(), stage.release()])
    assert.deepEqual(stage.served, ['a', 'b'])
    stage.end()
  })

  test('who goes away leaves at once, and the next is served in their place', async () => {
    const stage = createStage({ places: 0, maxLength: 2 })
    const leaving = new AbortController()
    const gone = stage.enter('gone', { signal: leaving.signal })
    const next = stage.enter('next')
    const reason = new Error('client closed')
    assert.equal(stage.queue.length, 2)
    leaving.abort(reason)
    assert.equal(stage.queue.length, 1)
    await assert.rejects(gone, reason)
    quietly(stage.enter('third'))
    await stage.release()
    assert.equal(await next, 'next')
    stage.end()
    assert.equal(stage.queue.length, 0)
  })

  test('an aborted signal never enters', async () => {
    const stage = createStage({ places: 1 })
    await assert.rejects(stage.enter('a', { signal: AbortSignal.abort(new Error('no')) }), /no/)
    assert.deepEqual(stage.served, [])
  })

  test('what taking a place throws, the one who asked gets, and the next is served', async () => {
    const stage = createStage({ places: 0 })
    const failing = new AppError('network.model-not-found', 'gone')
    let waits = true
    const refused = stage.queue.admit({
      lane: 'm',
      caller: '',
      take() {
        if (waits) return undefined
        throw failing
      },
    })
    const next = stage.enter('next')
    waits = false
    await Promise.all([stage.release(), assert.rejects(refused, failing)])
    assert.equal(await next, 'next')
  })
})

describe('a queue that is full', () => {
  test('refuses, and says when it is worth coming again', async () => {
    const stage = createStage({ places: 0, maxLength: 4 })
    for (const name of ['a', 'b', 'c', 'd']) quietly(stage.enter(name))
    await assert.rejects(stage.enter('e'), { ...overloaded, details: { retryAfterMs: 1000 } })
    // One every two seconds is served from here on.
    for (const name of ['a', 'b', 'c']) {
      await stage.release(2000)
      quietly(stage.enter(`${name}2`))
    }
    await assert.rejects(stage.enter('e'), { ...overloaded, details: { retryAfterMs: 10_000 } })
    stage.end()
  })

  test('never says later than the longest wait', async () => {
    const stage = createStage({ places: 0, maxLength: 2, maxWaitMs: 30_000 })
    for (const name of ['a', 'b']) quietly(stage.enter(name))
    for (const name of ['c', 'd']) {
      await stage.release(100_000)
      quietly(stage.enter(name))
    }
    await assert.rejects(stage.enter('e'), { ...overloaded, details: { retryAfterMs: 30_000 } })
    stage.end()
  })

  test('belongs to everyone: the caller with the most makes room for one with fewer', async () => {
    const stage = createStage({ places: 0, maxLength: 4 })
    const greedy = ['a1', 'a2', 'a3', 'a4'].map((name) => stage.enter(name, { caller: 'a' }))
    for (const one of greedy.slice(0, 2)) quietly(one)
    const refused = assert.rejects(greedy[3] ?? Promise.resolve(), overloaded)
    quietly(greedy[2] ?? Promise.resolve())
    quietly(stage.enter('b1', { caller: 'b' }))
    await refused
    quietly(stage.enter('b2', { caller: 'b' }))
    await assert.rejects(stage.enter('b3', { caller: 'b' }), overloaded)
    for (let count = 0; count < 4; count += 1) await stage.release()
    assert.deepEqual(stage.served, ['a1', 'b1', 'a2', 'b2'])
  })

  test('a wait that is too long is refused', async () => {
    const stage = createStage({ places: 0, maxWaitMs: 5 })
    await assert.rejects(stage.enter('a'), { ...overloaded, details: { retryAfterMs: 1000 } })
    await stage.release()
    assert.equal(await stage.enter('b'), 'b', 'its place in the queue is free')
  })
})

describe('priorities', () => {
  test('take turns by their weights, so that nobody waits for ever', async () => {
    const stage = createStage({ places: 0 })
    for (let count = 0; count < 30; count += 1) {
      for (const priority of ['low', 'normal', 'high'] as const) quietly(stage.enter(priority, { priority }))
    }
    for (let count = 0; count < 26; count += 1) await stage.release()
    const shares = ['high', 'normal', 'low'].map((name) => stage.served.filter((served) => served === name).length)
    assert.deepEqual(shares, [18, 6, 2])
    assert.equal(stage.served[0], 'high')
    stage.end()
  })

  test('an urgent request overtakes, and callers still take turns among their like', async () => {
    const stage = createStage({ places: 0 })
    for (const name of ['a1', 'a2']) quietly(stage.enter(name, { caller: 'a' }))
    for (const name of ['b1', 'b2']) quietly(stage.enter(name, { caller: 'b', priority: 'high' }))
    quietly(stage.enter('c1', { caller: 'c', priority: 'high' }))
    for (let count = 0; count < 3; count += 1) await stage.release()
    assert.deepEqual(stage.served, ['b1', 'c1', 'a1'])
    stage.end()
  })

  test('a full queue refuses the least urgent first, and of these the caller with the most', async () => {
    const stage = createStage({ places: 0, maxLength: 4 })
    quietly(stage.enter('n', { caller: 'b' }))
    const first = stage.enter('l1', { caller: 'a', priority: 'low' })
    quietly(first)
    const last = stage.enter('l2', { caller: 'a', priority: 'low' })
    quietly(stage.enter('l3', { caller: 'b', priority: 'low' }))
    quietly(stage.enter('urgent', { caller: 'z', priority: 'high' }))
    await assert.rejects(last, overloaded)
    await assert.rejects(stage.enter('l4', { caller: 'c', priority: 'low' }), overloaded)
    for (let count = 0; count < 4; count += 1) await stage.release()
    assert.deepEqual(stage.served, ['urgent', 'n', 'l1', 'l3'])
  })
})

describe('clients that do not wait for ever', () => {
  test('one that has given up is not served', async () => {
    const stage = createStage({ places: 1 })
    await stage.enter('first')
    await assert.rejects(stage.enter('gone', { giveUpAt: 0 }), overloaded)
    assert.deepEqual(stage.served, ['first'])
  })

  test('nor is one whose patience ends while it waits', async () => {
    const stage = createStage({ places: 0 })
    await assert.rejects(stage.enter('short', { giveUpAt: 20 }), overloaded)
    await stage.release()
    assert.deepEqual(stage.served, [])
  })

  test('one whose turn will come too late is told so at once, but not a caller whose turn is sooner', async () => {
    const stage = createStage({ places: 0 })
    for (let count = 0; count < 30; count += 1) quietly(stage.enter(`a${count}`, { caller: 'a' }))
    for (let count = 0; count < 5; count += 1) await stage.release(100)
    const giveUpAt = 500 + 1000
    await assert.rejects(stage.enter('a', { caller: 'a', giveUpAt }), overloaded)
    quietly(stage.enter('b', { caller: 'b', giveUpAt }))
    await stage.release(100)
    await stage.release(100)
    assert.ok(stage.served.includes('b'))
    stage.end()
  })
})
