import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { markBuildUsed, removeOldBuilds } from '../../../src/gallery/compile/old-builds.ts'

const DAY_MS = 24 * 60 * 60_000
const [OLD, OTHER, NEW] = [
  '1.0.0-linux-x64-000000000001',
  '1.0.0-linux-x64-000000000002',
  '2.0.0-linux-x64-00000000000a',
]

it('builds of other versions go when no process uses them and nobody has for a day', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'old-builds-'))
  context.after(async () => await rm(folder, { recursive: true, force: true }))
  const nowMs = Date.now()
  const remove = async (atMs: number): Promise<readonly string[]> => {
    await removeOldBuilds(folder, { key: NEW, nowMs: atMs })
    return (await readdir(folder)).filter((name) => !name.includes('.used-')).sort()
  }
  for (const name of [OLD, OTHER, NEW, 'not-ours', `${NEW}.building-abcdef`]) {
    await mkdir(join(folder, name))
    await utimes(join(folder, name), nowMs / 1000 - 1e6, nowMs / 1000 - 1e6)
  }
  await markBuildUsed(folder, OTHER)
  // Of a process that has ended, an hour ago.
  const gone = join(folder, `${OLD}.used-${spawnSync('true').pid}`)
  await writeFile(gone, '')
  const rest = [OTHER, NEW, `${NEW}.building-abcdef`, 'not-ours']
  assert.deepEqual(await remove(nowMs + DAY_MS / 2), [...rest, OLD].sort())
  assert.deepEqual(await remove(nowMs + 2 * DAY_MS), rest.sort())
  await markBuildUsed(folder, OTHER)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('.used-')),
    [`${OTHER}.used-${process.pid}`],
  )
})
