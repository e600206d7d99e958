import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogHistory, type LogEntry } from '../../../src/telemetry/log-history.ts'

const line = (msg: string, fields: object = {}): string =>
  `${JSON.stringify({ level: 30, time: 1000, room: 'api', ...fields, msg })}\n`

const messages = (entries: readonly LogEntry[]): string[] => entries.map(({ message }) => message)

test('lines are found by level, room and text', () => {
  const history = createLogHistory()
  history.take(line('one', { level: 20 }))
  history.take(line('two', { room: 'p2p', model: 'Tiny' }))
  history.take(line('three', { level: 50 }))
  assert.deepEqual(messages(history.list({}, 10)), ['one', 'two', 'three'])
  assert.deepEqual(messages(history.list({}, 2)), ['two', 'three'])
  assert.deepEqual(messages(history.list({ level: 'info' }, 10)), ['two', 'three'])
  assert.deepEqual(messages(history.list({ room: 'api', level: 'warn' }, 10)), ['three'])
  assert.deepEqual(history.list({ text: 'tINY' }, 10), [
    { id: 2, unixMs: 1000, level: 'info', room: 'p2p', message: 'two', fields: { model: 'Tiny' } },
  ])
  assert.deepEqual(history.rooms(), ['api', 'p2p'])
})

test('what is kept is bounded by lines and by characters, and a giant line by its message', () => {
  const few = createLogHistory({ maxLines: 2, maxLength: 1e6 })
  for (const name of ['a', 'b', 'c']) few.take(line(name))
  assert.deepEqual(
    few.list({}, 10).map(({ id, message }) => [id, message]),
    [
      [2, 'b'],
      [3, 'c'],
    ],
  )
  const small = createLogHistory({ maxLines: 100, maxLength: 120 })
  for (const name of ['a', 'b', 'c']) small.take(line(name))
  assert.deepEqual(messages(small.list({}, 10)), ['b', 'c'])
  small.take(line('x'.repeat(100_000), { level: 40, body: 'y' }))
  assert.deepEqual(small.list({}, 10), [])
  few.take(line('x'.repeat(100_000), { level: 40, body: 'y' }))
  const [giant] = few.list({}, 1)
  assert.equal(giant?.level, 'warn')
  assert.match(giant?.message ?? '', /^x{4096} \(of a line with \d+ characters\)$/)
  assert.deepEqual(giant?.fields, {})
})

test('who watches gets what fits, misses what is forgotten, and ends with the signal', async () => {
  const history = createLogHistory({ maxLines: 3, maxLength: 1e6 })
  for (const name of ['a', 'b', 'c', 'd']) history.take(line(name))
  const end = new AbortController()
  const lines = history.watch({ level: 'info' }, 1, { signal: end.signal })[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await lines.next()
    return done === true ? undefined : value.message
  }
  assert.deepEqual([await next(), await next(), await next()], ['b', 'c', 'd'])
  const coming = next()
  assert.equal(history.watchers, 1)
  history.take(line('quiet', { level: 20 }))
  history.take(line('e'))
  assert.equal(await coming, 'e')
  for (const name of ['f', 'g', 'h', 'i']) history.take(line(name))
  assert.equal(await next(), 'g')
  end.abort()
  // What had been read already is given out.
  assert.deepEqual([await next(), await next(), await next()], ['h', 'i', undefined])
  assert.equal(history.watchers, 0)
})
