import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANSWER_MARKS } from '../../../../src/base/answer-marks.ts'
import { createAnswerJournal } from '../../../../src/federation/journal/answer-journal.ts'

/** Of so many tokens, whose records are these bytes. */
function frame(count: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(count)
  return Buffer.concat([head, bytes])
}

describe('what an entry keeps of an answer', () => {
  it('are the records of all tokens, one behind the other', () => {
    const journal = createAnswerJournal()
    const pieces = Array.from({ length: 1000 }, (_, at) => Buffer.alloc(at % 7, at))
    for (const [at, piece] of pieces.entries()) assert.equal(journal.note(frame(at % 3, piece)), at % 3)
    assert.equal(journal.tokens, 999)
    const kept = journal.records()
    assert.deepEqual(kept, Buffer.concat(pieces))
    journal.note(frame(1, Buffer.from('more')))
    assert.deepEqual(kept, Buffer.concat(pieces))
    journal.forgetTokens()
    assert.deepEqual([journal.tokens, journal.records().length], [0, 0])
  })

  it('knows whether tools run for it', () => {
    const { runsTools, callsBegin, toolResult, eventOf } = ANSWER_MARKS
    const mark = (id: number, bytes = Buffer.alloc(0)): Buffer => {
      const prefix = Buffer.alloc(8)
      prefix.writeInt32BE(id)
      prefix.writeUInt32BE(bytes.length, 4)
      return frame(0, Buffer.concat([prefix, bytes]))
    }
    const journal = createAnswerJournal()
    const told: [Buffer, string][] = [
      [mark(eventOf, Buffer.alloc(4)), 'none'],
      [mark(toolResult, Buffer.alloc(4)), 'none'],
      [mark(runsTools), 'some'],
      [frame(1, Buffer.alloc(8)), 'some'],
      [mark(callsBegin, Buffer.of(0, 0, 0, 2)), 'running'],
      [mark(toolResult, Buffer.alloc(9)), 'running'],
      [mark(toolResult, Buffer.alloc(1)), 'begun'],
      [frame(1, Buffer.alloc(8)), 'begun'],
      [mark(callsBegin, Buffer.of(0, 0, 0, 1)), 'running'],
      [mark(callsBegin), 'running'],
      [frame(0, Buffer.alloc(3)), 'running'],
    ]
    for (const [payload, tools] of told) {
      journal.note(payload)
      assert.equal(journal.tools, tools)
    }
    journal.forgetTokens()
    assert.equal(journal.tools, 'none')
  })

  it('is nothing of an answer with too many of them, until it begins anew', () => {
    const journal = createAnswerJournal()
    const half = Buffer.alloc(2 * 1024 * 1024)
    journal.note(frame(1, half))
    journal.note(frame(1, half))
    assert.equal(journal.complete, true)
    journal.note(frame(1, Buffer.of(1)))
    journal.note(frame(1, Buffer.of(1)))
    assert.deepEqual([journal.complete, journal.tokens, journal.records().length], [false, 4, 0])
    journal.forgetTokens()
    assert.equal(journal.complete, true)
  })

  it('costs no more than what is in it, however small the pieces are in which a node tells it', () => {
    const journal = createAnswerJournal()
    const tiny = frame(1, Buffer.alloc(0))
    const before = process.memoryUsage()
    for (let times = 0; times < 1_000_000; times += 1) journal.note(tiny)
    const after = process.memoryUsage()
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
    assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes`)
    assert.equal(journal.tokens, 1_000_000)
  })

  it('knows an answer that begins anew from another one', () => {
    const journal = createAnswerJournal()
    journal.sent(Buffer.from('Hello '))
    journal.sent(Buffer.from('world'))
    const same = journal.compare()
    assert.equal(String(same.take(Buffer.from('Hell'))), '')
    assert.equal(same.done, false)
    assert.equal(String(same.take(Buffer.from('o world!'))), '!')
    assert.equal(same.done, true)
    assert.equal(journal.compare().take(Buffer.from('Hello World')), 'differs')
  })
})
