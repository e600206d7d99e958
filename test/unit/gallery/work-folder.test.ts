import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeWorkFolder } from '../../../src/gallery/download/work-folder.ts'

const onlyOnLinux = process.platform === 'linux' ? {} : { skip: 'elsewhere nobody knows when a process began' }
const LONG_AGO = new Date(Date.now() - 8 * 24 * 60 * 60_000)

describe('a folder to work in', () => {
  let parent = ''
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'local-ai-work-'))
  })
  after(async () => await rm(parent, { recursive: true }))

  /** As another machine, or another container with the same disk, makes one. */
  async function madeElsewhere(name: string): Promise<string> {
    const [, host = ''] = /^\.work-\d+-([0-9a-f]{12})-/.exec(name) ?? []
    assert.notEqual(host, '', 'it says which machine made it')
    const other = name.replace(
      host,
      host.replaceAll(/./g, (digit) => (digit === '0' ? '1' : '0')),
    )
    await mkdir(join(parent, other))
    return other
  }

  it('goes when its user is done, and others that work stay', async () => {
    await using one = await makeWorkFolder(parent)
    {
      await using other = await makeWorkFolder(parent)
      assert.deepEqual((await readdir(parent)).sort(), [basename(one.path), basename(other.path)].sort())
    }
    assert.deepEqual(await readdir(parent), [basename(one.path)])
  })

  it('of a process that was killed goes with the next, also when that has its number', onlyOnLinux, async () => {
    const before = await makeWorkFolder(parent)
    const name = basename(before.path)
    await before[Symbol.asyncDispose]()
    const earlier = name.replace(/-\d+-(?=[^-]*$)/, '-1-')
    assert.notEqual(earlier, name)
    await mkdir(join(parent, earlier))
    await using now = await makeWorkFolder(parent)
    assert.deepEqual(await readdir(parent), [basename(now.path)])
  })

  it('of another machine stays, whether or not a process here has its number, until nobody has come for long', async () => {
    const first = await makeWorkFolder(parent)
    await first[Symbol.asyncDispose]()
    const other = await madeElsewhere(basename(first.path))
    {
      await using now = await makeWorkFolder(parent)
      assert.deepEqual((await readdir(parent)).sort(), [other, basename(now.path)].sort())
    }
    await utimes(join(parent, other), LONG_AGO, LONG_AGO)
    await using now = await makeWorkFolder(parent)
    assert.deepEqual(await readdir(parent), [basename(now.path)])
  })
})
