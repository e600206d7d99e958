import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { makeFolder } from '../../../src/compose/make-folder.ts'

describe('a folder that a flag names', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-folder-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const refused = (said: RegExp) => (error: unknown) =>
    error instanceof AppError && error.code === 'config.invalid' && said.test(error.message)

  it('is made with those above it, and may be there already', async () => {
    const path = join(folder, 'a', 'b')
    await makeFolder(path, '--models-path')
    await makeFolder(path, '--models-path')
    assert.ok(statSync(path).isDirectory())
  })

  it('is a mistake that names the flag when it is a file', async () => {
    const path = join(folder, 'file')
    writeFileSync(path, '')
    await assert.rejects(makeFolder(path, '--models-path'), refused(/--models-path: .*file is not a folder/))
    await assert.rejects(makeFolder(join(path, 'below'), '--models-path'), refused(/cannot be made \(ENOTDIR\)/))
  })

  it('ends where nothing can be made', { skip: process.platform !== 'linux' }, async () => {
    await assert.rejects(makeFolder('/proc/1/nope', '--models-path'), refused(/cannot be made \(ENOENT\)/))
  })
})
