import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEvents } from '../../../ui/src/read-events.ts'
import { collect } from '../../support/collect.ts'

async function read(...chunks: readonly string[]): Promise<readonly string[]> {
  const body = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)))
  return await collect(readEvents(new Response(body)))
}

test('events are read wherever they were cut', async () => {
  const whole = ': ping\n\ndata: {"a":1}\n\ndata: two\r\ndata:lines\r\n\r\ndata: end\n\n'
  const expected = ['{"a":1}', 'two\nlines', 'end']
  assert.deepEqual(await read(whole), expected)
  assert.deepEqual(await read(...whole), expected)
})

test('an event that never ends is given up', async () => {
  await assert.rejects(read('data: '.concat('x'.repeat(5 * 1024 ** 2))), /has no end/)
})
