import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createFakeLoader, fakeModel } from '../support/fake-backend/fixture.ts'
import { llamaServerForTests } from '../support/llama-server.ts'
import { poll } from '../support/poll.ts'
import { tinyChat } from '../support/tiny-models.ts'

const MAIN = fileURLToPath(new URL('../../src/builtin/llama-cpp/main.ts', import.meta.url))
const found = await llamaServerForTests()
const skip = 'missing' in found && found.missing

describe('the temporary folders of a backend with an engine of its own', { skip, timeout: 60_000 }, () => {
  const systems = process.env['TMPDIR']
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bf-'))
    process.env['TMPDIR'] = folder
  })
  after(async () => {
    if (systems === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = systems
    await rm(folder, { recursive: true })
  })

  it('go when it is killed', async () => {
    const program = 'binary' in found ? found.binary : ''
    const args = [MAIN, '--engine', 'llama-server', '--llama-server', program]
    await using loader = createFakeLoader({ builtins: [{ name: 'llama-cpp', command: process.execPath, args }] })
    const model = fakeModel('tiny', { backend: 'llama-cpp', modelFile: tinyChat(), contextSize: 256 })
    using _lease = await loader.acquire(model)
    assert.equal((await readdir(folder)).length, 1)
    const [loaded] = loader.loaded()
    process.kill(loaded?.pid ?? assert.fail(), 'SIGKILL')
    await poll('nothing is left', 20_000, async () => (await readdir(folder)).length === 0)
  })
})
