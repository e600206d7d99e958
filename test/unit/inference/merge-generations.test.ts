import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AbortOptions } from '../../../src/base/signals.ts'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { mergeGenerations } from '../../../src/inference/merge-generations.ts'
import { collect } from '../../integration/scripted-backend.ts'

const text = (value: string): InferenceEvent => ({ type: 'text-delta', text: value })

/** Records how many run at once, and which have ended. */
function stage() {
  const seen = { running: 0, most: 0, ended: [] as number[], pulled: 0 }
  function player(index: number, pieces: readonly string[]) {
    return async function* play(): AsyncGenerator<InferenceEvent, void> {
      seen.running += 1
      seen.most = Math.max(seen.most, seen.running)
      try {
        for (const piece of pieces) {
          seen.pulled += 1
          yield text(piece)
        }
      } finally {
        seen.running -= 1
        seen.ended.push(index)
      }
    }
  }
  return { seen, player }
}

describe('mergeGenerations', () => {
  it('takes turns, keeps the order within each, and says which is which', async () => {
    const { player } = stage()
    const merged = await collect(mergeGenerations([player(0, ['a', 'b']), player(1, ['x', 'y'])], 2))
    const of = (index: number) => merged.filter((one) => one.index === index).map(({ event }) => event)
    assert.deepEqual(of(0), [text('a'), text('b')])
    assert.deepEqual(of(1), [text('x'), text('y')])
    assert.deepEqual(
      merged.map(({ index }) => index),
      [0, 1, 0, 1],
    )
  })

  it('runs no more than the limit at once, and all in the end', async () => {
    const { seen, player } = stage()
    const starts = Array.from({ length: 7 }, (_, index) => player(index, ['a', 'b', 'c']))
    const merged = await collect(mergeGenerations(starts, 3))
    assert.equal(merged.length, 21)
    assert.equal(seen.most, 3)
    assert.equal(seen.ended.length, 7)
  })

  it('pulls no further than its reader', async () => {
    const { seen, player } = stage()
    const endless = Array.from({ length: 1000 }, () => 'x')
    const merged = mergeGenerations([player(0, endless), player(1, endless)], 2)
    await merged.next()
    await merged.next()
    assert.ok(seen.pulled <= 4, `${seen.pulled} pulled for 2 read`)
    await merged.return()
    assert.deepEqual(seen.ended.toSorted(), [0, 1])
  })

  it('ends the others when one fails, and tells them through their signal', async () => {
    const { seen, player } = stage()
    const signals: (AbortSignal | undefined)[] = []
    const start = async function* failing({ signal }: AbortOptions): AsyncGenerator<InferenceEvent, void> {
      signals.push(signal)
      yield text('one')
      throw new Error('broken')
    }
    const merged = mergeGenerations([player(0, ['a', 'b', 'c', 'd', 'e', 'f']), start], 2)
    await assert.rejects(collect(merged), /broken/)
    assert.deepEqual(seen.ended, [0])
    assert.equal(signals[0]?.aborted, true)
  })

  it('gives events in the order in which they were given before, however late they are, and tells only the new ones', async () => {
    const { player } = stage()
    const gate = Promise.withResolvers<void>()
    const late = async function* wait(): AsyncGenerator<InferenceEvent, void> {
      await gate.promise
      yield* player(1, ['x', 'y'])()
    }
    const noted: number[] = []
    const order = { given: [1, 1, 0, 3, 1], note: (index: number) => noted.push(index) }
    // The third one is started although its turn comes only when another has ended.
    const starts = [player(0, ['a', 'b']), late, player(2, ['r']), player(3, ['s'])]
    const more = [
      ...starts.slice(0, 1),
      async function* again() {
        yield* late()
        yield text('z')
      },
      ...starts.slice(2),
    ]
    const merging = collect(mergeGenerations(more, 2, { order }))
    gate.resolve()
    const merged = await merging
    assert.deepEqual(
      merged.slice(0, 5).map(({ index, event }) => [index, event]),
      [
        [1, text('x')],
        [1, text('y')],
        [0, text('a')],
        [3, text('s')],
        [1, text('z')],
      ],
    )
    assert.deepEqual(
      noted,
      merged.slice(5).map(({ index }) => index),
    )
    assert.deepEqual(noted.toSorted(), [0, 2])
  })

  it('gives them in that order, too, where fewer can run at once than before', async () => {
    const { player } = stage()
    const free = Promise.withResolvers<void>()
    // Has the only place until it has said everything.
    const holds = async function* hold() {
      yield* player(0, ['a', 'b', 'c', 'd'])()
      free.resolve()
    }
    const waits = async function* wait() {
      await free.promise
      yield* player(1, ['x', 'y'])()
    }
    const noted: number[] = []
    const order = { given: [0, 1, 0, 1], note: (index: number) => noted.push(index) }
    const merged = await collect(mergeGenerations([holds, waits], 2, { order }))
    assert.deepEqual(
      merged.map(({ event }) => event),
      ['a', 'x', 'b', 'y', 'c', 'd'].map(text),
    )
    assert.deepEqual(noted, [0, 0])
  })

  it('fails when one is to say more than it does, or does not exist', async () => {
    for (const given of [[0, 0], [5]]) {
      const { player } = stage()
      const order = { given, note: () => {} }
      await assert.rejects(collect(mergeGenerations([player(0, ['a']), player(1, ['x'])], 2, { order })), {
        code: 'backend.failed',
      })
    }
  })

  it("hands the caller's abort on", async () => {
    const abort = new AbortController()
    const waiting = async function* wait({ signal }: AbortOptions): AsyncGenerator<InferenceEvent, void> {
      yield text('one')
      await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const merged = mergeGenerations([waiting, waiting], 2, { signal: abort.signal })
    await merged.next()
    await merged.next()
    const pending = merged.next()
    abort.abort(new Error('enough'))
    await assert.rejects(pending, /enough/)
  })
})
