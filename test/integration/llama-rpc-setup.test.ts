import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createLlamaRpcSetup } from '../../src/compose/llama-rpc.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { poll } from '../support/poll.ts'

const found = await llamaRpcForTests()
const skip = 'missing' in found && found.missing
const log = createLogger({ level: 'silent', format: 'json' })

describe('what splits models over machines', () => {
  it('is not compiled where that is switched off, and says how it is', async (context) => {
    const cachePath = await mkdtemp(join(tmpdir(), 'llama-rpc-setup-'))
    context.after(async () => await rm(cachePath, { recursive: true, force: true }))
    const setup = createLlamaRpcSetup({ log }, { cachePath, autobuildLlamaRpc: false })
    assert.equal(await setup.find(), undefined)
    await assert.rejects(setup.ensure(), { code: 'backend.build-failed', message: /backends install llama-rpc$/ })
    assert.deepEqual(await readdir(cachePath), [])
  })

  it('is compiled for as long as somebody waits', { skip, timeout: 60_000 }, async (context) => {
    const cachePath = await mkdtemp(join(tmpdir(), 'llama-rpc-setup-'))
    context.after(async () => await rm(cachePath, { recursive: true, force: true }))
    const setup = createLlamaRpcSetup({ log }, { cachePath })
    const callers = [new AbortController(), new AbortController()]
    const started = Promise.withResolvers<void>()
    const waiting = callers.map(
      async ({ signal }) => await setup.ensure({ signal, jobs: 1, onProgress: () => started.resolve() }),
    )
    const ends = Promise.allSettled(waiting)
    await started.promise
    callers[0]?.abort(new Error('first'))
    await assert.rejects(waiting[0] ?? assert.fail(), { message: 'first' })
    assert.equal((await readdir(join(cachePath, 'llama-rpc'))).length, 2, 'the lock and the work')
    callers[1]?.abort(new Error('second'))
    const reasons = (await ends).map((end) => end.status === 'rejected' && end.reason.message)
    assert.deepEqual(reasons, ['first', 'second'])
    const isEmpty = async (): Promise<boolean> => (await readdir(join(cachePath, 'llama-rpc'))).length === 0
    await poll('the compilers have ended', 10_000, isEmpty)
  })
})
