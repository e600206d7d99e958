import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from '../../../../src/p2p/links/turns.ts'

function held(): {
  readonly started: string[]
  readonly end: Map<string, () => void>
  work(name: string): () => Promise<string>
} {
  const started: string[] = []
  const end = new Map<string, () => void>()
  return {
    started,
    end,
    work: (name) => () => {
      started.push(name)
      return new Promise((resolve) => end.set(name, () => resolve(name)))
    },
  }
}

const settle = (): Promise<void> => new Promise(setImmediate)

test('as many as allowed run; the others follow in their order', async () => {
  const { started, end, work } = held()
  const turns = createTurns(() => 2)
  const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => turns.run(work(name), {})))
  await settle()
  assert.deepEqual(started, ['a', 'b'])
  end.get('b')?.()
  await settle()
  assert.deepEqual(started, ['a', 'b', 'c'])
  end.get('a')?.()
  await settle()
  end.get('c')?.()
  end.get('d')?.()
  assert.deepEqual(await all, ['a', 'b', 'c', 'd'])
})

test('work that fails gives its turn to the next', async () => {
  const turns = createTurns(() => 1)
  await assert.rejects(
    turns.run(() => Promise.reject(new Error('broken')), {}),
    /broken/,
  )
  assert.equal(await turns.run(async () => 'next', {}), 'next')
})

test('one that leaves, while it waits or before, takes no turn from the others', async () => {
  const { started, end, work } = held()
  const turns = createTurns(() => 1)
  await assert.rejects(turns.run(work('never'), { signal: AbortSignal.abort(new Error('left')) }), /left/)
  const first = turns.run(work('first'), {})
  const leaver = new AbortController()
  const leaving = turns.run(work('leaving'), { signal: leaver.signal })
  const last = turns.run(work('last'), {})
  await settle()
  leaver.abort(new Error('left'))
  await assert.rejects(leaving, /left/)
  end.get('first')?.()
  assert.equal(await first, 'first')
  await settle()
  end.get('last')?.()
  assert.equal(await last, 'last')
  assert.deepEqual(started, ['first', 'last'])
})

test('those that wait can be refused; who runs goes on', async () => {
  const { end, work } = held()
  const turns = createTurns(() => 1)
  const running = turns.run(work('running'), {})
  const waiting = turns.run(work('waiting'), {})
  await settle()
  turns.refuse(new Error('no more'))
  await assert.rejects(waiting, /no more/)
  end.get('running')?.()
  assert.equal(await running, 'running')
})
