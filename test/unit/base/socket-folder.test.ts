import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeSocketFolder } from '../../../src/base/socket-folder.ts'

/** A TMPDIR whose name is so long; `os.tmpdir` asks for it each time. */
function withTemporaryFolder(context: TestContext, nameLength: number): string {
  const before = process.env['TMPDIR']
  const parent = mkdtempSync(join(tmpdir(), 'socket-folder-'))
  const folder = join(parent, 'x'.repeat(nameLength))
  mkdirSync(folder)
  process.env['TMPDIR'] = folder
  context.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(parent, { recursive: true, force: true })
  })
  return folder
}

describe('a folder for sockets', { skip: process.platform === 'win32' && 'there are no such sockets' }, () => {
  it("is this user's alone, where temporary files belong", async (context) => {
    const place = withTemporaryFolder(context, 5)
    const folder = await makeSocketFolder('la-', 'x.sock')
    assert.ok(folder !== undefined && folder.startsWith(`${place}/la-`), folder)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  it('is elsewhere when the path of a socket would be too long there', async (context) => {
    withTemporaryFolder(context, 100)
    const folder = await makeSocketFolder('la-', 'x.sock')
    assert.ok(folder)
    context.after(() => rmSync(folder, { recursive: true }))
    assert.match(folder, /^\/tmp\/la-\w{6}$/)
  })

  it('is nowhere when the name itself is too long', async () => {
    assert.equal(await makeSocketFolder('la-', 'x'.repeat(100)), undefined)
  })
})
