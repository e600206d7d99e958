import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFileDigests, type FileDigest } from '../../../src/models/file-digests.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('file digests', () => {
  let folder = ''
  let time = 0
  const log = { debug: () => {} }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'digests-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  async function settled(
    read: () => FileDigest | undefined,
    done: (digest: FileDigest) => boolean,
  ): Promise<FileDigest> {
    for (let turn = 0; turn < 10_000; turn += 1) {
      const digest = read()
      if (digest !== undefined && done(digest)) return digest
      await nextTurn()
    }
    throw new Error('the digest never came')
  }

  test('come later, and follow the file when it changes', async () => {
    const file = join(folder, 'a.gguf')
    writeFileSync(file, 'one')
    const digests = createFileDigests({ log, now: () => time })
    assert.equal(digests.of(file), undefined)
    const first = await settled(
      () => digests.of(file),
      () => true,
    )
    assert.deepEqual(first, { sha256: sha256('one'), sizeBytes: 3 })
    writeFileSync(file, 'other')
    time += 60_000
    const second = await settled(
      () => digests.of(file),
      ({ sizeBytes }) => sizeBytes === 5,
    )
    assert.equal(second.sha256, sha256('other'))
    await digests.stop()
  })

  test('a file that is not there has none, and does not hold up the next', async () => {
    const file = join(folder, 'b.gguf')
    writeFileSync(file, 'two')
    const digests = createFileDigests({ log, now: () => time })
    assert.equal(digests.of(join(folder, 'missing')), undefined)
    if (process.platform !== 'win32') {
      // Nobody writes to it, so that reading it would never end.
      execFileSync('mkfifo', [join(folder, 'pipe')])
      assert.equal(digests.of(join(folder, 'pipe')), undefined)
    }
    const found = await settled(
      () => digests.of(file),
      () => true,
    )
    assert.equal(found.sha256, sha256('two'))
    assert.equal(digests.of(join(folder, 'missing')), undefined)
    await digests.stop()
  })
})
