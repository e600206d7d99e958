import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { watchFolder } from '../../../src/base/watch-folder.ts'

describe('watching a folder', () => {
  it('tells of changes also while one file never stops changing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-ai-watch-'))
    const giveUp = AbortSignal.timeout(10_000)
    let told = 0
    const listener = {
      matters: () => true,
      onChange: () => {
        told += 1
      },
      onProblem: (error: unknown) => assert.fail(String(error)),
    }
    const watch = watchFolder(folder, listener, 500)
    try {
      while (told < 2 && !giveUp.aborted) await appendFile(join(folder, 'model.gguf'), 'x')
      assert.equal(told, 2)
    } finally {
      watch.close()
      await rm(folder, { recursive: true })
    }
  })
})
