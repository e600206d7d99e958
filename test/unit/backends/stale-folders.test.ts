import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { removeStale } from '../../../src/backends/stale-folders.ts'

const LISTEN = "require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))"

describe('folders of the sockets of backends', { skip: process.platform === 'win32', timeout: 30_000 }, () => {
  let base = ''
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'folders-'))
  })
  after(async () => await rm(base, { recursive: true }))

  async function folder(name: string): Promise<string> {
    const path = join(base, name)
    await mkdir(path)
    return path
  }
  const age = async (path: string): Promise<void> => await utimes(path, 1, 1)

  /** As SIGKILL leaves it. */
  async function deadSocket(path: string): Promise<void> {
    const child = spawn(process.execPath, ['-e', LISTEN, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  it('go with the next backend when nobody is there any more', async () => {
    const killed = await folder('local-ai-backend-killed')
    await deadSocket(join(killed, 'backend.sock'))
    await deadSocket(join(killed, '0a1b2c.sock'))
    await age(killed)
    await age(await folder('local-ai-backend-ended'))
    await removeStale(base, 'local-ai-backend-')
    assert.deepEqual(await readdir(base), [])
  })

  it('stay when somebody listens, when they are new, and when they hold anything else', async () => {
    const used = await folder('local-ai-backend-used')
    await deadSocket(join(used, '0a1b2c.sock'))
    await using server = createServer((socket) => socket.destroy())
    server.listen(join(used, 'backend.sock'))
    await once(server, 'listening')
    await age(used)
    await folder('local-ai-backend-new')
    const other = await folder('local-ai-backend-other')
    await writeFile(join(other, 'notes'), '')
    await age(other)
    await age(await folder('of-somebody-else'))
    const before = await readdir(base)
    await removeStale(base, 'local-ai-backend-')
    assert.deepEqual(await readdir(base), before)
    assert.equal((await readdir(used)).length, 2)
  })
})
