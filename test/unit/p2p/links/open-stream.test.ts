import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import type { AbortOptions } from '../../../../src/base/signals.ts'
import { createOpenStream, rankConnections } from '../../../../src/p2p/links/open-stream.ts'

interface FakeInit {
  readonly name?: string
  readonly direct?: boolean
  readonly status?: string
  readonly openedAt?: number
  readonly newStream?: (protocol: string, options: AbortOptions) => Promise<Pick<Stream, 'status'>>
}

interface Fake {
  readonly connection: Connection
  aborted: boolean
}

function fake(init: FakeInit = {}): Fake {
  const result = { aborted: false } as { connection: Connection; aborted: boolean }
  const parts = {
    id: init.name ?? 'connection',
    direct: init.direct ?? true,
    status: init.status ?? 'open',
    timeline: { open: init.openedAt ?? 1 },
    newStream: init.newStream ?? (async () => ({ status: 'open' })),
    abort: () => {
      result.aborted = true
    },
  }
  result.connection = parts as unknown as Connection
  return result
}

function failure(name: string): Error {
  return Object.assign(new Error('no'), { name })
}

const init = { protocol: '/x/1', maxOutboundStreams: 8, timeoutMs: 5000 }
const unreachable = { code: 'peer.unreachable' }

test('direct before relayed, then the newest, and only what is open', () => {
  const ranked = rankConnections([
    fake({ name: 'relayed', direct: false, openedAt: 9 }).connection,
    fake({ name: 'old', openedAt: 1 }).connection,
    fake({ name: 'closing', openedAt: 8, status: 'closing' }).connection,
    fake({ name: 'new', openedAt: 5 }).connection,
  ])
  assert.deepEqual(
    ranked.map(({ id }) => id),
    ['new', 'old', 'relayed'],
  )
})

test('no connection is an unreachable peer', async () => {
  await assert.rejects(createOpenStream(init)([], {}), unreachable)
})

test('a connection whose muxer is closed is ended, and the next one serves', async () => {
  const zombie = fake({ openedAt: 2, newStream: () => Promise.reject(failure('ConnectionClosedError')) })
  const good = fake({ name: 'good' })
  const opened = await createOpenStream(init)([good.connection, zombie.connection], {})
  assert.equal(opened.connection.id, 'good')
  assert.equal(zombie.aborted, true)
})

test('a stream that is dead when it opens counts as a failure, and the connection lives', async () => {
  const limited = fake({ newStream: async () => ({ status: 'reset' }) })
  await assert.rejects(createOpenStream(init)([limited.connection], {}), unreachable)
  assert.equal(limited.aborted, false)
})

test('not more than two connections are tried', async () => {
  let tries = 0
  const newStream = (): Promise<never> => {
    tries += 1
    return Promise.reject(failure('TimeoutError'))
  }
  const connections = [1, 2, 3].map((openedAt) => fake({ openedAt, newStream }).connection)
  await assert.rejects(createOpenStream(init)(connections, {}), unreachable)
  assert.equal(tries, 2)
})

test("a caller that leaves gets its own signal's reason, and no second connection is tried", async () => {
  const abort = new AbortController()
  const slow = fake({
    openedAt: 2,
    newStream: async () => {
      abort.abort(new Error('had enough'))
      throw failure('AbortError')
    },
  })
  const spare = fake({ newStream: () => assert.fail('not to be tried') })
  await assert.rejects(
    createOpenStream(init)([slow.connection, spare.connection], { signal: abort.signal }),
    /had enough/,
  )
})

test('the first stream of a connection goes alone; when it is open the others follow', async () => {
  const pending: PromiseWithResolvers<Pick<Stream, 'status'>>[] = []
  const { connection } = fake({
    newStream: () => {
      const opening = Promise.withResolvers<Pick<Stream, 'status'>>()
      pending.push(opening)
      return opening.promise
    },
  })
  const openStream = createOpenStream(init)
  const all = Promise.all([1, 2, 3, 4].map(() => openStream([connection], {})))
  await new Promise(setImmediate)
  assert.equal(pending.length, 1)
  pending[0]?.resolve({ status: 'open' })
  await new Promise(setImmediate)
  assert.equal(pending.length, 4)
  for (const opening of pending) opening.resolve({ status: 'open' })
  assert.equal((await all).length, 4)
})

test('when the first stream fails the next one goes first', async () => {
  const pending: PromiseWithResolvers<Pick<Stream, 'status'>>[] = []
  const { connection } = fake({
    newStream: () => {
      const opening = Promise.withResolvers<Pick<Stream, 'status'>>()
      pending.push(opening)
      return opening.promise
    },
  })
  const openStream = createOpenStream(init)
  const all = Promise.allSettled([1, 2, 3].map(() => openStream([connection], {})))
  await new Promise(setImmediate)
  pending[0]?.reject(failure('TimeoutError'))
  await new Promise(setImmediate)
  assert.equal(pending.length, 2)
  pending[1]?.resolve({ status: 'open' })
  await new Promise(setImmediate)
  pending[2]?.resolve({ status: 'open' })
  assert.deepEqual(
    (await all).map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  )
})

test('streams are opened sixty-four at a time, and one more when one is open', async () => {
  const pending: PromiseWithResolvers<Pick<Stream, 'status'>>[] = []
  const { connection } = fake({
    newStream: () => {
      const opening = Promise.withResolvers<Pick<Stream, 'status'>>()
      pending.push(opening)
      return opening.promise
    },
  })
  const openStream = createOpenStream(init)
  const all = Promise.all(Array.from({ length: 100 }, () => openStream([connection], {})))
  await new Promise(setImmediate)
  for (const expected of [65, 66]) {
    pending[expected - 65]?.resolve({ status: 'open' })
    await new Promise(setImmediate)
    assert.equal(pending.length, expected)
  }
  for (let index = 0; index < 100; index += 1) {
    pending[index]?.resolve({ status: 'open' })
    await new Promise(setImmediate)
  }
  assert.equal((await all).length, 100)
})

test('when one is too late, those that wait for their turn do not wait as long each', async () => {
  let tries = 0
  const { connection } = fake({
    newStream: (_protocol, { signal }) => {
      tries += 1
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  // AbortSignal.timeout keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  const openStream = createOpenStream({ ...init, timeoutMs: 10 })
  const all = await Promise.allSettled([1, 2, 3].map(() => openStream([connection], {})))
  clearInterval(alive)
  assert.equal(tries, 1)
  for (const result of all) assert.equal(result.status === 'rejected' && result.reason.code, 'peer.unreachable')
})
