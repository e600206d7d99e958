import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createEventLogs,
  type EventLogs,
  type EventLogsInit,
  type EventWriter,
} from '../../../src/responses/event-log.ts'
import type { EventText } from '../../../src/responses/events.ts'

const INIT = { maxEvents: 100, maxTotalLength: 1000 }

/** Streams that are written by their names. */
function openLogs(init: EventLogsInit) {
  const logs = createEventLogs(init)
  const writers = new Map<string, EventWriter>()
  return {
    ...logs,
    begin(id: string, owner: string | null): EventWriter {
      const writer = logs.begin(id, owner)
      writers.set(id, writer)
      return writer
    },
    append: (id: string, event: EventText): void => writers.get(id)?.append(event),
    end: (id: string): void => writers.get(id)?.end(),
  }
}

/** `from` up to, not including, `to`. */
function tell(
  logs: ReturnType<typeof openLogs>,
  id: string,
  { from, to, json = '{}' }: { from: number; to: number; json?: string },
): void {
  for (let sequence = from; sequence < to; sequence += 1) logs.append(id, { sequence, type: 'x', json })
}

async function numbers(logs: Pick<EventLogs, 'read'>, id: string, after: number): Promise<number[]> {
  const found: number[] = []
  for await (const { sequence } of logs.read(id, after)) found.push(sequence)
  return found
}

describe('the kept events', () => {
  it('are read from anywhere, any number of times', async () => {
    const logs = openLogs(INIT)
    logs.begin('a', null)
    tell(logs, 'a', { from: 0, to: 4 })
    logs.end('a')
    assert.deepEqual(await numbers(logs, 'a', -1), [0, 1, 2, 3])
    assert.deepEqual(await numbers(logs, 'a', -5), [0, 1, 2, 3])
    assert.deepEqual(await numbers(logs, 'a', 1), [2, 3])
    assert.deepEqual(await numbers(logs, 'a', 99), [])
  })

  it('reach readers as they come, each at its own pace', async () => {
    const logs = openLogs(INIT)
    logs.begin('a', null)
    const early = numbers(logs, 'a', -1)
    const slow = logs.read('a', -1)
    tell(logs, 'a', { from: 0, to: 2 })
    assert.equal((await slow.next()).value?.sequence, 0)
    await Promise.resolve()
    tell(logs, 'a', { from: 2, to: 5 })
    logs.end('a')
    tell(logs, 'a', { from: 5, to: 9 })
    assert.deepEqual(await early, [0, 1, 2, 3, 4])
    assert.equal((await slow.next()).value?.sequence, 1)
  })

  it('forget the oldest of a stream that is too long', async () => {
    const logs = openLogs({ ...INIT, maxEvents: 3 })
    logs.begin('a', null)
    const reader = logs.read('a', -1)
    tell(logs, 'a', { from: 0, to: 1 })
    assert.equal((await reader.next()).value?.sequence, 0)
    tell(logs, 'a', { from: 1, to: 5 })
    logs.end('a')
    assert.deepEqual(await numbers(logs, 'a', 1), [2, 3, 4])
    await assert.rejects(numbers(logs, 'a', 0), { code: 'request.conflict' })
    await assert.rejects(reader.next(), { code: 'request.conflict' })
  })

  it('are bounded together: ended streams go first, then the own beginning', async () => {
    const logs = openLogs({ maxEvents: 100, maxTotalLength: 10 })
    const json = '12345'
    for (const id of ['old', 'running', 'new']) logs.begin(id, null)
    tell(logs, 'running', { from: 0, to: 1, json })
    tell(logs, 'old', { from: 0, to: 1, json })
    logs.end('old')
    tell(logs, 'new', { from: 0, to: 1, json })
    await assert.rejects(numbers(logs, 'old', -1), { code: 'request.conflict' })
    tell(logs, 'new', { from: 1, to: 2, json })
    for (const id of ['running', 'new']) logs.end(id)
    assert.deepEqual(await numbers(logs, 'running', -1), [0])
    assert.deepEqual(await numbers(logs, 'new', 0), [1])
    await assert.rejects(numbers(logs, 'new', -1), { code: 'request.conflict' })
  })

  it('make room where one owner has the most, so that nobody loses what another one fills', async () => {
    const logs = openLogs({ maxEvents: 100, maxTotalLength: 20 })
    const json = '12345'
    logs.begin('small', 'bob')
    tell(logs, 'small', { from: 0, to: 1, json })
    logs.end('small')
    for (const id of ['one', 'two']) logs.begin(id, 'ann')
    tell(logs, 'one', { from: 0, to: 2, json })
    tell(logs, 'two', { from: 0, to: 1, json })
    logs.begin('late', 'bob')
    tell(logs, 'late', { from: 0, to: 1, json })
    tell(logs, 'two', { from: 1, to: 2, json })
    for (const id of ['one', 'two', 'late']) logs.end(id)
    assert.deepEqual(await numbers(logs, 'small', -1), [0])
    assert.deepEqual(await numbers(logs, 'late', -1), [0])
    await assert.rejects(numbers(logs, 'one', -1), { code: 'request.conflict' })
    assert.deepEqual(await numbers(logs, 'one', 0), [1])
    assert.deepEqual(await numbers(logs, 'two', 0), [1])
  })

  it('let readers go when they leave, and when the stream is forgotten', async () => {
    const logs = openLogs(INIT)
    logs.begin('a', null)
    const leaving = new AbortController()
    const reader = logs.read('a', -1, { signal: leaving.signal })
    const next = reader.next()
    leaving.abort(new Error('left'))
    await assert.rejects(next, { message: 'left' })
    const other = numbers(logs, 'a', -1)
    logs.forget('a')
    assert.deepEqual(await other, [])
    await assert.rejects(numbers(logs, 'a', -1), { code: 'request.conflict' })
  })

  it('begin anew under the same name: what the older writer still says belongs to nothing', async () => {
    const logs = openLogs({ maxEvents: 100, maxTotalLength: 10 })
    const json = '12345'
    const older = logs.begin('a', null)
    tell(logs, 'a', { from: 0, to: 1, json })
    const reader = logs.read('a', 0)
    const waiting = reader.next()
    logs.begin('a', null)
    assert.equal((await waiting).done, true)
    older.append({ sequence: 1, type: 'x', json })
    older.end()
    tell(logs, 'a', { from: 0, to: 2, json })
    logs.end('a')
    assert.deepEqual(await numbers(logs, 'a', -1), [0, 1])
  })
})
