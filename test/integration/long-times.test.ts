import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createShutdown } from '../../src/api/shutdown.ts'
import { createConfigFolder } from '../../src/config/dynamic/config-folder.ts'
import { duration } from '../../src/config/setting.ts'
import { createAdmissionQueue } from '../../src/federation/admission-queue.ts'

/** More than a timer of Node can hold: such a timer would end after one millisecond. */
const THIRTY_DAYS_MS = duration.parse('720h')

/** What Node says of timers that are too long for it while `use` runs, and in the turn after it. */
async function overflows(use: () => Promise<unknown>): Promise<readonly string[]> {
  const found: string[] = []
  const note = ({ name, message }: Error): void => {
    if (name === 'TimeoutOverflowWarning') found.push(message)
  }
  process.on('warning', note)
  await use()
  await nextTurn()
  process.off('warning', note)
  return found
}

describe('a setting of more than 24 days', () => {
  it('--shutdown-timeout: running requests have that time', async () => {
    const shutdown = createShutdown({ timeoutMs: THIRTY_DAYS_MS })
    assert.deepEqual(await overflows(() => shutdown.run({ close: async () => {}, cut: () => {} })), [])
  })

  it('--federation-queue-timeout: requests wait', async () => {
    const queue = createAdmissionQueue<string>({ now: () => 0 }, { maxLength: 1, maxWaitMs: THIRTY_DAYS_MS })
    const leaving = new AbortController()
    const waited = overflows(async () => {
      const waiting = queue.admit({ lane: 'm', caller: '', take: () => undefined }, leaving)
      leaving.abort(new Error('left'))
      await assert.rejects(waiting, /left/)
    })
    assert.deepEqual(await waited, [])
  })

  it('--localai-config-dir-poll-interval: the folder is left alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'local-ai-long-times-'))
    const log = { info: () => {}, warn: () => {} }
    const watched = createConfigFolder({ log }, { folder, files: [], pollIntervalMs: THIRTY_DAYS_MS })
    const found = await overflows(() => watched.start())
    await watched.stop()
    rmSync(folder, { recursive: true })
    assert.deepEqual(found, [])
  })
})
