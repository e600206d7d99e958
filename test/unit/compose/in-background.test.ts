import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { inBackground } from '../../../src/compose/in-background.ts'
import type { Logger } from '../../../src/telemetry/logger.ts'

describe('work in the background', () => {
  it('goes on after a failure, and shows a stack only of what nobody foresaw', async () => {
    const warnings: (readonly [object, string])[] = []
    const log = { warn: (facts: object, message: string) => void warnings.push([facts, message]) } as unknown as Logger
    const done = Promise.withResolvers<void>()
    const bug = new TypeError('a bug')
    const jobs = inBackground({ log }, [
      () => Promise.reject(new AppError('backend.build-failed', 'no compiler')),
      () => Promise.reject(bug),
      async () => done.resolve(),
    ])
    await jobs.start()
    await done.promise
    await jobs.stop()
    assert.deepEqual(warnings, [
      [{ code: 'backend.build-failed' }, 'no compiler'],
      [{ err: bug }, 'a bug'],
    ])
  })

  it('says nothing of what it breaks off itself, and begins nothing after it', async () => {
    const begun: string[] = []
    const log = { warn: () => assert.fail('a warning') } as unknown as Logger
    const jobs = inBackground({ log }, [
      async ({ signal }) => {
        begun.push('first')
        await once(signal, 'abort')
        throw new Error('broken off')
      },
      async () => void begun.push('second'),
    ])
    await jobs.start()
    await jobs.stop()
    assert.deepEqual(begun, ['first'])
  })
})
