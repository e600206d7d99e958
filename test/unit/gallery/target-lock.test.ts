import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createTargetLocks } from '../../../src/gallery/download/target-lock.ts'

const DEAD = JSON.stringify({ pid: process.pid, host: hostname(), started: '1' })
const onlyOnLinux = process.platform === 'linux' ? {} : { skip: 'elsewhere nobody knows when a process began' }

describe('the lock of a file that is brought', { timeout: 60_000 }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-ai-lock-'))
  })
  after(async () => await rm(folder, { recursive: true }))

  it('of a process that is gone is taken by one of those who find it', onlyOnLinux, async () => {
    for (let round = 0; round < 40; round++) {
      const target = join(folder, `model-${round}`)
      await writeFile(`${target}.lock`, DEAD)
      const enough = new AbortController()
      // One each, as other processes have.
      const taking = Array.from({ length: 6 }, () => createTargetLocks().acquire(target, { signal: enough.signal }))
      await Promise.any(taking)
      // Whoever is on the way to it gets there.
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
      enough.abort()
      const taken = (await Promise.allSettled(taking)).filter(({ status }) => status === 'fulfilled')
      assert.equal(taken.length, 1)
      for (const one of taken) if (one.status === 'fulfilled') await one.value.release()
    }
    assert.deepEqual(await readdir(folder), [])
  })

  it('is taken although somebody was killed while he removed it', onlyOnLinux, async () => {
    const target = join(folder, 'model')
    await writeFile(`${target}.lock`, DEAD)
    await writeFile(`${target}.lock.removal`, '')
    await utimes(`${target}.lock.removal`, 1, 1)
    const lock = await createTargetLocks().acquire(target, { signal: AbortSignal.timeout(20_000) })
    await lock.release()
    assert.deepEqual(await readdir(folder), [])
  })
})
