import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { whenDrained } from '../../../../src/p2p/admission/when-drained.ts'

/** Writes until the stream asks for a rest. */
function fill(stream: MessageStream): void {
  for (let count = 0; count < 1000; count++) {
    if (!stream.send(Buffer.alloc(1024))) return
  }
  assert.fail('the stream never asked for a rest')
}

function listeners(stream: MessageStream): number[] {
  return (['drain', 'close'] as const).map((name) => stream.listenerCount(name))
}

describe('whenDrained', () => {
  it('waits every time, not only the first', async () => {
    const [writer, reader] = multiaddrConnectionPair({ capacity: 4, delay: 1 })
    let received = 0
    reader.addEventListener('message', (event) => {
      received += event.data.byteLength
    })
    const before = listeners(writer)
    let sent = 0
    for (let round = 0; round < 5; round++) {
      fill(writer)
      assert.equal(writer.writableNeedsDrain, true)
      await whenDrained(writer)
      assert.equal(writer.writableNeedsDrain, false)
      assert.equal(writer.writeBufferLength, 0)
      assert.ok(received > sent, 'nothing arrived in between')
      sent = received
    }
    assert.deepEqual(listeners(writer), before)
  })

  it('waits on when what was held back fills the stream again', async () => {
    const [writer, reader] = multiaddrConnectionPair({ capacity: 4 })
    let received = 0
    let drains = 0
    reader.addEventListener('message', (event) => {
      received += event.data.byteLength
    })
    writer.addEventListener('drain', () => drains++)
    fill(writer)
    for (let count = 0; count < 20; count++) writer.send(Buffer.alloc(1 << 16))
    await whenDrained(writer)
    assert.equal(writer.writableNeedsDrain, false)
    assert.ok(drains > 1, 'the stream never filled again')
    assert.ok(received > 20 << 16)
  })

  it('goes on at once when the stream needs no rest', async () => {
    const [writer] = multiaddrConnectionPair()
    await whenDrained(writer)
  })

  it('rejects when the stream ends, with its error where it has one', async () => {
    const [aborted] = multiaddrConnectionPair({ capacity: 4, delay: 1000 })
    fill(aborted)
    const waiting = whenDrained(aborted)
    const before = listeners(aborted)
    aborted.abort(new Error('cable cut'))
    await assert.rejects(waiting, /cable cut/)
    assert.deepEqual(
      listeners(aborted),
      before.map((count) => count - 1),
    )
    await assert.rejects(whenDrained(aborted), { code: 'peer.unreachable' })

    const [left, right] = multiaddrConnectionPair({ capacity: 4 })
    right.pause()
    fill(left)
    const second = whenDrained(left)
    await Promise.all([assert.rejects(second, { code: 'peer.unreachable' }), right.close()])
  })

  it("rejects with the signal's reason", async () => {
    const [writer] = multiaddrConnectionPair({ capacity: 4, delay: 1000 })
    fill(writer)
    const before = listeners(writer)
    const controller = new AbortController()
    const waiting = whenDrained(writer, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
    await assert.rejects(whenDrained(writer, { signal: controller.signal }), /enough/)
    assert.deepEqual(listeners(writer), before)
    writer.abort(new Error('over'))
  })
})
