import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import type { MadeAnswer } from '../../../../src/federation/idempotency/kept-answer.ts'
import { createKeptAnswers, type KeptAnswers } from '../../../../src/federation/idempotency/kept-answers.ts'

const KEY = { digest: 'd', bodyHash: 'b' }
const INIT = {
  windowMs: 1000,
  maxAnswers: 3,
  maxAnswerBytes: 100,
  maxTotalBytes: 150,
  patienceMs: 10,
  patienceOnceLostMs: 60,
}

/** An answer whose pieces the test gives. */
function scripted(status = 200) {
  const pieces: (Buffer | 'end')[] = []
  let wake = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const give = (piece: Buffer | 'end'): void => {
    pieces.push(piece)
    wake.resolve()
    wake = Promise.withResolvers()
  }
  async function* body(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    signal.addEventListener('abort', () => ended.resolve(signal.reason))
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    for (;;) {
      const piece = pieces.shift()
      if (piece === 'end') return
      if (piece === undefined) await Promise.race([wake.promise, aborted])
      else yield piece
    }
  }
  return {
    give,
    ended: ended.promise,
    make: async (signal: AbortSignal): Promise<MadeAnswer> => ({ status, headers: {}, body: body(signal) }),
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const piece of body) text += Buffer.from(piece).toString()
  return text
}

describe('kept answers', () => {
  let at = 0
  let lost = false
  let dropped: string[] = []
  let kept: KeptAnswers
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    at = 0
    lost = false
    dropped = []
    const events = { kept() {}, dropped: ({ digest }: { digest: string }) => void dropped.push(digest) }
    kept = createKeptAnswers({ now: () => at, isLost: () => lost, events }, INIT)
  })
  afterEach(() => mock.timers.reset())

  it('hold no more memory than their bytes, whatever buffer they came in', async () => {
    const { give, make } = scripted()
    const answer = kept.begin(KEY, 'asker', make)
    give(Buffer.alloc(65_536, 'ab').subarray(2, 6))
    give(Buffer.alloc(65_536, 'cd').subarray(0, 2))
    give('end')
    await settle()
    assert.equal(answer.bytes, 6)
    const pieces: Uint8Array[] = []
    const reader = answer.read()
    for await (const piece of reader.body()) pieces.push(piece)
    reader.leave()
    assert.equal(Buffer.concat(pieces).toString(), 'ababcd')
    assert.deepEqual(
      pieces.map(({ buffer }) => buffer.byteLength),
      [4, 2],
    )
  })

  it('are read from the beginning by whoever comes, and go at the end of the window', async () => {
    const answer = scripted()
    const first = kept.begin(KEY, 'entry', answer.make).read()
    answer.give(Buffer.from('one '))
    await settle()
    const second = kept.find(KEY)?.read()
    answer.give(Buffer.from('two'))
    answer.give('end')
    assert.ok(second !== undefined)
    assert.deepEqual([await textOf(first.body()), await textOf(second.body())], ['one two', 'one two'])
    assert.throws(() => kept.find({ ...KEY, bodyHash: 'other' }), { code: 'request.unprocessable' })
    at = 999
    assert.equal(kept.find(KEY)?.over, true)
    at = 1000
    assert.equal(kept.find(KEY), undefined)
    assert.deepEqual(dropped, [])
  })

  it('are made to their end for a while when nobody reads, longer when the one who asked has gone', async () => {
    for (const gone of [false, true]) {
      lost = gone
      const answer = scripted()
      kept.begin(KEY, 'entry', answer.make).read().leave()
      await settle()
      mock.timers.tick(INIT.patienceMs - 1)
      assert.equal(kept.find(KEY)?.whole, true)
      mock.timers.tick(1)
      await settle()
      if (gone) {
        assert.equal(kept.find(KEY)?.whole, true)
        mock.timers.tick(INIT.patienceOnceLostMs - INIT.patienceMs)
        await settle()
      }
      assert.equal(kept.find(KEY), undefined)
      assert.match(String(await answer.ended), /nobody waits/)
    }
    assert.deepEqual(dropped, ['d', 'd'])
  })

  it('wait for whoever comes back in time', async () => {
    const answer = scripted()
    kept.begin(KEY, 'entry', answer.make).read().leave()
    mock.timers.tick(INIT.patienceMs - 1)
    const again = kept.find(KEY)?.read()
    mock.timers.tick(1000)
    answer.give(Buffer.from('all'))
    answer.give('end')
    assert.ok(again !== undefined)
    assert.equal(await textOf(again.body()), 'all')
  })

  it('are none when they fail or are too long, but whoever reads gets all of it', async () => {
    for (const [status, length] of [
      [503, 10],
      [200, 101],
    ] as const) {
      const answer = scripted(status)
      const reader = kept.begin(KEY, 'entry', answer.make).read()
      assert.equal((await reader.head()).status, status)
      answer.give(Buffer.alloc(length, 'x'))
      answer.give('end')
      assert.equal((await textOf(reader.body())).length, length)
      assert.equal(kept.find(KEY), undefined)
      reader.leave()
    }
    assert.deepEqual(dropped, ['d', 'd'])
  })

  it('leave, the oldest first, when there are too many or they are too large together', async () => {
    for (const digest of ['1', '2', '3', '4']) {
      const answer = scripted()
      const reader = kept.begin({ digest, bodyHash: 'b' }, 'entry', answer.make).read()
      answer.give(Buffer.alloc(digest === '4' ? 90 : 50, 'x'))
      answer.give('end')
      await textOf(reader.body())
      reader.leave()
    }
    const found = ['1', '2', '3', '4'].map((digest) => kept.find({ digest, bodyHash: 'b' })?.bytes)
    assert.deepEqual(found, [undefined, undefined, 50, 90])
    assert.deepEqual(dropped, ['1', '2'])
  })
})
