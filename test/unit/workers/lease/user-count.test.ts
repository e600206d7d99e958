import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ReadyWorker } from '../../../../src/workers/lease/lending-offer.ts'
import { createUserCount } from '../../../../src/workers/lease/worker-source.ts'

it('counts the users of a worker, and tells of the first and of none', async () => {
  const told: string[] = []
  const count = createUserCount({ first: () => told.push('first'), none: () => told.push('none') })
  const ended = Promise.withResolvers<never>()
  const starts: (() => unknown)[] = [
    () => ({ ended: ended.promise }),
    () => {
      throw new Error('no memory')
    },
  ]
  const start = count.counted((async () => starts.shift()?.()) as unknown as ReadyWorker['start'])
  const limits = { memoryBytes: 1, threads: 1 }
  await start(limits, {})
  assert.equal(count.users, 1)
  await assert.rejects(start(limits, {}), /no memory/)
  assert.deepEqual([count.users, told], [1, ['first']])
  ended.resolve(undefined as never)
  await ended.promise
  assert.deepEqual([count.users, told], [0, ['first', 'none']])
})
