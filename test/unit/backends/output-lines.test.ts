import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLineLimiter, createLineRing, createLineSplitter } from '../../../src/backends/output-lines.ts'

function linesOf(chunks: readonly (string | Buffer)[], maxLength = 20): readonly string[] {
  const lines: string[] = []
  const splitter = createLineSplitter(maxLength, (line) => lines.push(line))
  for (const chunk of chunks) splitter.write(Buffer.from(chunk))
  splitter.end()
  return lines
}

describe('the output of a backend', () => {
  it('becomes lines wherever the chunks are cut, characters included', () => {
    const text = Buffer.from('one\r\n\ntwo é\nthree')
    for (let at = 0; at <= text.length; at++) {
      assert.deepEqual(linesOf([text.subarray(0, at), text.subarray(at)]), ['one', 'two é', 'three'])
    }
  })

  it('never holds more than a line of the longest length', () => {
    assert.deepEqual(linesOf(['x'.repeat(45)]), ['x'.repeat(20), 'x'.repeat(20), 'x'.repeat(5)])
    assert.deepEqual(linesOf([`${'x'.repeat(25)}\nend`]), ['x'.repeat(20), 'x'.repeat(5), 'end'])
    const seen: string[] = []
    const splitter = createLineSplitter(20, (line) => seen.push(line))
    splitter.write(Buffer.from('x'.repeat(41)))
    assert.equal(seen.join('').length, 40, 'what is over the length is passed on before the line ends')
  })

  it('loses its colours and control characters', () => {
    assert.deepEqual(linesOf(['\u001b[31mred\u001b[0m\u0007 \u0000x\ty\n'], 80), ['red x\ty'])
  })

  it('is logged at most so often a second, and says how much was not', () => {
    const limiter = createLineLimiter(2)
    assert.deepEqual(
      [0, 10, 20, 999].map((now) => limiter.admit(now)),
      [true, true, false, false],
    )
    assert.equal(limiter.admit(1_000), true)
    assert.equal(limiter.takeSuppressed(), 2)
    assert.equal(limiter.takeSuppressed(), 0)
  })

  it('is remembered to its last lines', () => {
    const ring = createLineRing(3)
    for (const line of ['a', 'b', 'c', 'd']) ring.push(line)
    assert.deepEqual(ring.last(10), ['b', 'c', 'd'])
    assert.deepEqual(ring.last(2), ['c', 'd'])
  })
})
