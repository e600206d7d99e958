import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWholeLines } from '../../../src/api/forwarding/whole-lines.ts'
import { seededRandom } from '../../support/random.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

describe('whole lines', () => {
  it('pass what ends with a line at once, and hold the beginning of the next one back', () => {
    const lines = createWholeLines()
    const event = Buffer.from('data: 1\n\n')
    assert.equal(lines.endsAt(), 'event')
    assert.equal(lines.take(event), event, 'the usual case copies nothing')
    assert.equal(lines.endsAt(), 'event')
    assert.equal(text(lines.take(Buffer.from('data: 2\n\ndata: {"a'))), 'data: 2\n\n')
    assert.equal(text(lines.take(Buffer.from('": "b"'))), '')
    assert.equal(text(lines.take(Buffer.from('}\n'))), 'data: {"a": "b"}\n')
    assert.equal(lines.endsAt(), 'line')
    assert.equal(text(lines.take(Buffer.from('\nda'))), '\n')
    assert.equal(lines.take(Buffer.alloc(0)).length, 0)
    assert.equal(lines.endsAt(), 'event')
    assert.equal(text(lines.rest()), 'da')
    assert.equal(text(lines.rest()), '')
  })

  it('let a line that is too long to hold go on in pieces, and know when it has ended', () => {
    const lines = createWholeLines()
    const long = Buffer.alloc(200 * 1024, 'x')
    assert.equal(lines.take(long).length, 0)
    assert.equal(lines.take(long).length, 2 * long.length)
    assert.equal(lines.endsAt(), 'inside')
    assert.equal(text(lines.take(Buffer.from('y\nz'))), 'y\n')
    assert.equal(lines.endsAt(), 'line')
    assert.equal(lines.take(long).length, 0)
    assert.equal(lines.take(Buffer.concat([Buffer.from('\n'), long])).length, long.length + 2)
    assert.equal(text(lines.rest()), text(long))
  })

  it('lose and change nothing, however the bytes are cut', () => {
    const random = seededRandom(11)
    const whole = Buffer.from(
      Array.from({ length: 300 }, (_, index) => `data: ü${index}${'\n'.repeat(index % 3)}`).join(''),
    )
    for (let round = 0; round < 200; round += 1) {
      const lines = createWholeLines()
      const got: Uint8Array[] = []
      for (let at = 0; at < whole.length; ) {
        const end = Math.min(whole.length, at + 1 + Math.floor(random() * 40))
        const ready = lines.take(whole.subarray(at, end))
        if (ready.length > 0) assert.equal(ready.at(-1), 0x0a)
        got.push(ready)
        at = end
      }
      assert.deepEqual(Buffer.concat([...got, lines.rest()]), whole)
    }
  })
})
