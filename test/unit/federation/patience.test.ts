import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createPatience, type Patience } from '../../../src/federation/run/patience.ts'

interface Clock {
  advance(ms: number): void
}

async function withPatience(run: (patience: Patience, clock: Clock) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] })
  let at = 0
  const patience = createPatience({ now: () => at })
  const clock: Clock = {
    advance(ms) {
      for (let step = 0; step < ms; step += 1) {
        at += 1
        mock.timers.tick(1)
      }
    },
  }
  try {
    await run(patience, clock)
  } finally {
    patience.close()
    mock.timers.reset()
  }
}

const never = new Promise<never>(() => {})

test('what is there in time is given, and nothing else', async () => {
  await withPatience(async (patience, { advance }) => {
    for (let piece = 0; piece < 50; piece += 1) {
      const { promise, resolve } = Promise.withResolvers<number>()
      const waited = patience.wait(promise, 10)
      advance(9)
      resolve(piece)
      assert.equal(await waited, piece)
    }
  })
})

test('who is silent for too long is given up, at its time and not before', async () => {
  await withPatience(async (patience, { advance }) => {
    assert.equal(await patience.wait(Promise.resolve('here'), 100), 'here')
    let given: unknown = 'nothing yet'
    const waited = patience.wait(never, 10).then((value) => {
      given = value
    })
    advance(9)
    await setImmediate()
    assert.equal(given, 'nothing yet')
    advance(1)
    await waited
    assert.equal(given, undefined)
  })
})

test('a shorter wait behind a longer one ends at its own time', async () => {
  await withPatience(async (patience, { advance }) => {
    assert.equal(await patience.wait(Promise.resolve('here'), 1000), 'here')
    const waited = patience.wait(never, 5)
    advance(5)
    assert.equal(await waited, undefined)
  })
})

test('what comes too late does not end the wait for something else', async () => {
  await withPatience(async (patience, { advance }) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const first = patience.wait(promise, 5)
    advance(5)
    assert.equal(await first, undefined)
    const second = patience.wait(never, 5)
    resolve('late')
    await setImmediate()
    advance(5)
    assert.equal(await second, undefined)
  })
})
