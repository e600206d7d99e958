import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GeneratedToken } from '../../../src/grpc/generated/backend/GeneratedToken.ts'
import { createTokenJournal } from '../../../src/inference/token-journal.ts'

const NONE = Buffer.alloc(0)
const told = (...ids: readonly number[]) => ids.map((id) => ({ id, logprobs: NONE }))
const idsOf = (tokens: readonly GeneratedToken[] | undefined) => tokens?.map(({ id }) => id)

describe('the journal of tokens', () => {
  it('keeps what every attempt adds, and tells it once', () => {
    const noted: (number | undefined)[] = []
    const journal = createTokenJournal({
      resume: [{ id: 1 }, { id: 2 }],
      note: (tokens) => noted.push(...(idsOf(tokens) ?? [])),
    })
    assert.deepEqual(idsOf(journal.begin()), [1, 2])
    journal.add(told(1))
    assert.deepEqual(noted, [])
    journal.add(told(2, 3, 4))
    assert.deepEqual(noted, [3, 4])
    assert.deepEqual(idsOf(journal.begin()), [1, 2, 3, 4])
    journal.add(told(1, 2, 3))
    journal.add(told(4, 5))
    assert.deepEqual(noted, [3, 4, 5])
    assert.deepEqual(idsOf(journal.begin()), [1, 2, 3, 4, 5])
  })

  it('takes no other tokens for those that were there before', () => {
    const journal = createTokenJournal({ resume: [{ id: 1 }, { id: 2 }] })
    journal.begin()
    journal.add(told(1))
    assert.throws(() => journal.add(told(3)), { code: 'backend.failed' })
  })

  it('keeps log probabilities, and lets nothing be resumed that would take too much room', () => {
    const journal = createTokenJournal()
    assert.equal(journal.resumable(), false)
    journal.begin()
    journal.add([{ id: 1, logprobs: Buffer.from('{}') }])
    assert.deepEqual(journal.begin(), [{ id: 1, logprobs: Buffer.from('{}') }])
    assert.equal(journal.resumable(), true)
    journal.add([...told(1), { id: 2, logprobs: Buffer.alloc(17 * 1024 * 1024) }])
    assert.equal(journal.resumable(), false)
    assert.equal(journal.begin(), undefined)
  })

  it('is bounded in tokens, and goes on telling the new ones', () => {
    let noted = 0
    const journal = createTokenJournal({
      resume: [],
      note: (tokens) => {
        noted += tokens.length
      },
    })
    journal.begin()
    for (let count = 0; count < 70_000; count += 1000) journal.add(told(...new Array<number>(1000).fill(7)))
    assert.equal(noted, 70_000)
    assert.equal(journal.resumable(), false)
  })
})
