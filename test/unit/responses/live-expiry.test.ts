import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { pino } from 'pino'
import { createResponseFiles } from '../../../src/responses/response-files.ts'
import { createResponseStore } from '../../../src/responses/response-store.ts'
import { idOf, makeRecord } from './make-response.ts'

it('the time that responses are kept may change while they are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-expiry-'))
  try {
    const log = pino({ level: 'silent' })
    const files = createResponseFiles({ log, makeParent: async () => {} }, { folder, maxFileBytes: 100_000 })
    let now = 1000
    let ttlMs = 0
    const init = {
      ...{ maxCount: 100, maxTotalBytes: 1_000_000, maxFileBytes: 100_000, maxUnwrittenBytes: 100_000 },
      get ttlMs() {
        return ttlMs
      },
    }
    const store = createResponseStore({ files, log, now: () => now }, init)
    await store.load()
    await store.save(makeRecord(1))
    now += 5000
    assert.ok((await store.find(idOf(1), null)) !== undefined)
    ttlMs = 5000
    assert.equal(await store.find(idOf(1), null), undefined)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
